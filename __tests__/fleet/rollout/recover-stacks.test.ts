/** The results of stacks whose recovery ends with an error, and the report. */
import { CommandError } from "../../../fleet/output/command-error";
import { UnreadablePlan } from "../../../fleet/terraform/plan-json";
import { resultOfError } from "../../../fleet/rollout/recover-stacks";
import { recoveryReport } from "../../../fleet/rollout/recovery-report";
import { NotRecoverable } from "../../../fleet/rollout/recover-state";
import { rejectionOfError } from "../../../fleet/rollout/saved-deployments";
import { TerraformError } from "../../../fleet/terraform/terraform-stack";
import { sampleInstance } from "../../stacks/sample-instance";

const before = { isWriting: false, isStopping: false };
const named = (name: string, more = {}): Error => Object.assign(new Error("no"), { name, ...more });
const locked = new TerraformError(
  "terraform state push",
  "Error acquiring the state lock\nLock Info:\n  ID:        42\n  Operation: apply\n  Who:       ann@desk\n  Created:   today\n",
);

test.each([
  ["a role that cannot be assumed", new CommandError("The role cannot be assumed.")],
  ["expired credentials", named("ExpiredToken")],
  ["missing credentials", named("CredentialsProviderError")],
  ["an AWS error", named("AccessDeniedException", { $metadata: {} })],
  ["an unreadable plan", new UnreadablePlan("no")],
  ["a failed Terraform command", new TerraformError("terraform plan", "no")],
])("%s fails only its own stack, in a recovery and in a deployment", (_, error) => {
  expect(resultOfError(error, sampleInstance, before).status).toBe("failed");
  const { reason, fix } = rejectionOfError(error, sampleInstance, "build/plan/test-acme");
  expect(reason).toContain(error.message);
  expect(fix).toContain("deploy again");
});

test("a defect of the program is thrown", () => {
  const error = new TypeError("no");
  expect(() => resultOfError(error, sampleInstance, before)).toThrow(error);
  expect(() => rejectionOfError(error, sampleInstance, "build/plan/test-acme")).toThrow(error);
});

test("an AWS error during the preparation of a deployment names the stack", () => {
  const error = named("AccessDeniedException", { $metadata: {} });
  expect(rejectionOfError(error, sampleInstance, "build/plan/test-acme").reason).toBe(
    `A request to AWS for ${sampleInstance.stackName} failed. AccessDeniedException: no`,
  );
});

test("an error of Terraform after Ctrl-C is reported as stopped", () => {
  expect(
    resultOfError(new TerraformError("terraform import", "interrupted"), sampleInstance, {
      ...before,
      isStopping: true,
    }),
  ).toEqual({
    status: "stopped",
  });
});

test.each([true, false])(
  "an error during the write is a failure and names the next command (Ctrl-C: %s)",
  (isStopping) => {
    const { status, problem } = resultOfError(new TerraformError("terraform state push", "no"), sampleInstance, {
      isWriting: true,
      isStopping,
    });
    expect(status).toBe("failed");
    expect(problem).toContain(
      "It is not known whether the state was written. Check with: npm run fleet -- plan stack=test-acme",
    );
  },
);

test("a locked state is reported with its holder and the command that releases the lock", () => {
  expect(resultOfError(locked, sampleInstance, { ...before, isWriting: true })).toEqual({
    status: "failed",
    problem:
      "The state is locked by ann@desk since today, operation apply, lock id 42. Nothing was written.\n" +
      "  If the holder still runs, wait until it has ended, or wait with --lock-timeout. If the holder was killed, release the lock:\n" +
      "    npm run synth\n" +
      "    terraform -chdir=cdktf.out/stacks/test-acme-eu-central-1 init\n" +
      "    terraform -chdir=cdktf.out/stacks/test-acme-eu-central-1 force-unlock 42",
  });
});

test("a state that another command changed is refused, even after Ctrl-C", () => {
  const now = { isWriting: true, isStopping: true };
  expect(resultOfError(new NotRecoverable("meanwhile"), sampleInstance, now)).toEqual({
    status: "refused",
    problem: "meanwhile",
  });
});

test("the report names stopped stacks", () => {
  const stopped = recoveryReport([
    { instance: sampleInstance, status: "stopped" },
    { instance: { ...sampleInstance, stackName: "test-other" }, status: "stopped" },
  ]);
  expect(stopped).toBe(
    "Stopped before the state was written: test-acme-eu-central-1, test-other. Run the same command to start again.",
  );
});
