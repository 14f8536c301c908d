/** Runs before each test file: CDKTF's tokens get no stack trace. Jest maps every trace to the sources, which takes most of a synth. */
jest.mock("cdktf/lib/tokens/private/stack-trace", () => ({ captureStackTrace: () => [] }));
