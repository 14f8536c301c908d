/** A check outlasts throttling by AWS for five minutes, and no other error. */
import { checkRunner, ok } from "../../../fleet/checks/finding";

/** An error as the SDK throws it after its own attempts, which take about half a minute. */
class AwsFailure extends Error {
  constructor(
    override readonly name: string,
    message: string,
  ) {
    super(message);
  }
}

/** Runs a check whose first attempts fail, each after half a minute. */
async function run(failures: number, failure: Error) {
  let time = 0;
  let attempts = 0;
  const check = await checkRunner("read-and-invoke", () => time)("module", () => {
    time += 30_000;
    if (attempts++ < failures) throw failure;
    return ok("fine");
  });
  return { check, attempts };
}

const throttled = new AwsFailure("TooManyRequestsException", "Rate exceeded");

test("a check that AWS throttles for four minutes passes", async () => {
  expect(await run(8, throttled)).toEqual({ check: { name: "module", outcome: "ok", detail: "fine" }, attempts: 9 });
});

test("a check that AWS throttles for longer fails, and says what to look for", async () => {
  const { check, attempts } = await run(1000, throttled);
  expect(check).toEqual({
    name: "module",
    outcome: "failed",
    detail: "The check could not run. TooManyRequestsException: Rate exceeded",
    fix:
      "AWS throttled the request for five minutes: find the program that sends most requests in this account and region, " +
      "and run the command later.",
  });
  expect(attempts).toBe(11);
});

test.each(["AccessDeniedException", "InternalServerException"])("%s is not repeated", async (name) => {
  const { check, attempts } = await run(1, new AwsFailure(name, "no"));
  expect(check.outcome).toBe("failed");
  expect(attempts).toBe(1);
});
