/** The stack traces of tokens: off, with a hint in their place, for as long as cdktf keeps them where we look. */
import { Lazy } from "cdktf";
import { omitCreationStackTraces } from "../../stacks/creation-stack-traces";

const creationStack = (): string[] => Lazy.anyValue({ produce: () => "value" }).creationStack;

test("a token says how to learn where it was made, instead of taking a stack trace", () => {
  expect(creationStack().length).toBeGreaterThan(1);
  omitCreationStackTraces();
  expect(creationStack()).toEqual(["(not recorded: run again with CREATION_STACKS=1)"]);
});
