/** What the trouble of one stack means: to it, to the others, and to the person who reads the report. */
import { CommandError } from "../../../fleet/output/command-error";
import { UnreadablePlan } from "../../../fleet/terraform/plan-json";
import { reportOf, troubleOf } from "../../../fleet/commands/recover";
import { NotRecoverable } from "../../../fleet/rollout/recover-state";
import { RunFailed } from "../../../fleet/terraform/terraform-stack";
import { sampleInstance } from "../../stacks/sample-instance";

const before = { isWriting: false, isStopping: false };
const named = (name: string, more = {}): Error => Object.assign(new Error("no"), { name, ...more });
const locked = new RunFailed(
  "terraform state push",
  "Error acquiring the state lock\nLock Info:\n  ID:        42\n  Operation: apply\n  Who:       ann@desk\n  Created:   today\n",
);

test.each([
  ["a role that may not be assumed", new CommandError("The role cannot be assumed.")],
  ["credentials that have ended", named("ExpiredToken")],
  ["none at all", named("CredentialsProviderError")],
  ["an answer of AWS", named("AccessDeniedException", { $metadata: {} })],
  ["a plan that cannot be read", new UnreadablePlan("no")],
  ["a Terraform that failed", new RunFailed("terraform plan", "no")],
])("%s fails its stack, and lets the others go on", (_, error) => {
  expect(troubleOf(error, sampleInstance, before).word).toBe("failed");
});

test("an error that no stack can have is not hidden", () => {
  const error = new TypeError("no");
  expect(() => troubleOf(error, sampleInstance, before)).toThrow(error);
});

test("what Terraform ends with after Ctrl-C is that it was stopped", () => {
  expect(
    troubleOf(new RunFailed("terraform import", "interrupted"), sampleInstance, { ...before, isStopping: true }),
  ).toEqual({
    word: "stopped",
  });
});

test.each([true, false])(
  "once writing has begun, it has failed, and a plan tells how far it came (Ctrl-C: %s)",
  (isStopping) => {
    const { word, trouble } = troubleOf(new RunFailed("terraform state push", "no"), sampleInstance, {
      isWriting: true,
      isStopping,
    });
    expect(word).toBe("failed");
    expect(trouble).toContain(
      "Whether its state was written is not known. Look with: npm run fleet -- plan stack=test-acme",
    );
  },
);

test("a lock is told with who holds it, and how it is released", () => {
  expect(troubleOf(locked, sampleInstance, { ...before, isWriting: true })).toEqual({
    word: "failed",
    trouble:
      "Its state is locked by ann@desk, since today (apply). Nothing was written.\n" +
      "  If a command still works on the stack, wait until it has ended. If it was killed, release the lock in the stack's directory\n" +
      "  (npm run synth; cdktf.out/stacks/test-acme-eu-central-1): terraform init && terraform force-unlock 42",
  });
});

test("a state that somebody wrote meanwhile is refused, also while everything stops", () => {
  const now = { isWriting: true, isStopping: true };
  expect(troubleOf(new NotRecoverable("meanwhile"), sampleInstance, now)).toEqual({
    word: "refused",
    trouble: "meanwhile",
  });
});

test("the report names what was stopped", () => {
  const stopped = reportOf([
    { instance: sampleInstance, word: "stopped" },
    { instance: { ...sampleInstance, stackName: "test-other" }, word: "stopped" },
  ]);
  expect(stopped).toBe(
    "Stopped before its state was written: test-acme-eu-central-1, test-other. The same command begins anew.",
  );
});
