/** The report of a locked state names the holder, the age and the command that releases the lock. */
import path from "node:path";
import { lockProblem } from "../../../fleet/plans/state-lock-report";
import { sampleInstance } from "../../stacks/sample-instance";

const lock = {
  id: "1fbd9b0c",
  who: "root@build-7",
  created: "2026-11-24 05:57:36.12 +0000 UTC",
  operation: "OperationTypePlan",
};
const created = Date.parse("2026-11-24T05:57:36.12Z");
const minutes = 60_000;

test.each([
  [59 * minutes, " (59 min ago)"],
  [61 * minutes, " (1 h 1 min ago)"],
  [48 * 60 * minutes, " (2 days ago)"],
  [-5 * minutes, ""],
])("a lock that is %s ms old", (age, text) => {
  expect(lockProblem(lock, sampleInstance, path.resolve("build/plans/a"), created + age)).toEqual({
    reason: `The state is locked by root@build-7 since 2026-11-24 05:57:36.12 +0000 UTC${text}, operation OperationTypePlan, lock id 1fbd9b0c.`,
    fix:
      "If the holder still runs, wait until it has ended, or wait with --lock-timeout. If the holder was killed, release the lock:\n" +
      "    terraform -chdir=build/plans/a force-unlock 1fbd9b0c",
  });
});

test("a lock with text that controls a terminal stays on one line", () => {
  const { reason } = lockProblem({ ...lock, who: "a\u001b[2J\nb" }, sampleInstance, undefined, created);
  expect(reason).not.toMatch(/[\u001b\n]/);
});

test("a lock file without a lock is deleted, in the bucket and with the endpoint of the state", () => {
  const state = { ...sampleInstance.state, endpoint: "http://127.0.0.1:9000" };
  const { bucket, key, region } = state;
  const { fix } = lockProblem({ ...lock, id: undefined }, { ...sampleInstance, state }, undefined);
  expect(fix).toContain(
    `\n    aws s3 rm s3://${bucket}/${key}.tflock --region ${region} --endpoint-url http://127.0.0.1:9000`,
  );
});
