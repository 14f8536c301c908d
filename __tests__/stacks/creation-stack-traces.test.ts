/** Tests that tokens carry a hint instead of a stack trace. The test fails if CDKTF moves its private module. */
import { Lazy } from "cdktf";
import { omitCreationStackTraces } from "../../stacks/creation-stack-traces";

jest.unmock("cdktf/lib/tokens/private/stack-trace");

const creationStack = (): string[] => Lazy.anyValue({ produce: () => "value" }).creationStack;

test("a token contains a hint instead of a stack trace", () => {
  expect(creationStack().length).toBeGreaterThan(1);
  omitCreationStackTraces();
  expect(creationStack()).toEqual(["(not recorded: run again with CREATION_STACKS=1)"]);
});
