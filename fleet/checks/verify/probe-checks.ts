/** Invokes the deployed function as Connect does, with a listed and an unlisted number. */
import { QueryCommand, paginateQuery } from "@aws-sdk/client-dynamodb";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { InstanceConfig } from "../../../config/types";
import { CONTACTS_READ, probe, type ProbeAnswer, type ProbeResult } from "../../../lambda/canary/probe";
import { explanationOf } from "../../../lambda/explanations";
import { failed, ok } from "../finding";
import { indexQuery } from "../../aws/index-query";
import type { InstanceClients } from "../../aws/instance-clients";
import { oneLine } from "../../output/foreign-text";
import { redactNumbers } from "../../output/redact";
import type { Check, Finding } from "./check";
import { runCheck, unproven } from "./check";

/** Durations of the answers, in milliseconds. */
interface Times {
  /** Measured by the function, from its log lines. */
  readonly byFunction: number[];
  /** Measured by this process, with the network. */
  readonly roundTrip: number[];
}

/** The function ended with an error instead of an answer. */
class FunctionFailed extends Error {
  override readonly name = "FunctionFailed";
}

/**
 * The checks `answers`, `unlisted number`, `listed: <Disposition>` for each blocked Disposition, and `time`. Only `answers` if the
 * function was not invoked or ended with an error.
 *
 * @param isReady whether index and alias exist and are ready, so that the function can answer
 * @throws CredentialsError
 */
export async function probeChecks(
  instance: InstanceConfig,
  clients: InstanceClients,
  isReady: boolean,
): Promise<readonly Check[]> {
  if (!isReady) {
    return [{ name: "answers", ...unproven("The function was not invoked: see the failed checks.") }];
  }
  const times: Times = { byFunction: [], roundTrip: [] };
  let result: ProbeResult | undefined;
  const answersCheck = await runCheck("answers", async () => {
    try {
      result = await ask(instance, clients, times);
      return ok("The function answers.");
    } catch (error) {
      if (error instanceof FunctionFailed) return functionFailed(instance, error.message);
      throw error;
    }
  });
  if (result === undefined) return [answersCheck];
  const { answers } = result;
  return [
    { name: "unlisted number", ...unlistedFinding(answers) },
    ...instance.blockedDispositions.map((disposition) => ({
      name: `listed: ${disposition}`,
      ...listedFinding(answers, disposition),
    })),
    { name: "time", ...timeFinding(instance, times) },
  ];
}

async function ask(
  instance: InstanceConfig,
  { dynamodb, lambda }: InstanceClients,
  times: Times,
): Promise<ProbeResult> {
  return probe(
    { ...instance, instanceName: instance.name, otherNumbers: instance.lookup.otherNumbers },
    {
      listedNumbers: async function* (disposition) {
        const input = indexQuery(instance.table.name, disposition);
        for await (const { Items = [] } of paginateQuery({ client: dynamodb, pageSize: CONTACTS_READ }, input))
          for (const { CustomerEndpoint } of Items) yield CustomerEndpoint?.S ?? "";
      },
      isListed: async (disposition, number) => {
        const { Count = 0 } = await dynamodb.send(
          new QueryCommand({ ...indexQuery(instance.table.name, disposition, number), Limit: 1 }),
        );
        return Count > 0;
      },
      invoke: async (event) => {
        const begun = performance.now();
        const { Payload, FunctionError, LogResult } = await lambda.send(
          new InvokeCommand({
            FunctionName: instance.function.aliasArn,
            Payload: JSON.stringify(event),
            LogType: "Tail",
          }),
        );
        times.roundTrip.push(performance.now() - begun);
        times.byFunction.push(...latencies(LogResult));
        const text = Buffer.from(Payload ?? []).toString();
        if (FunctionError !== undefined) throw new FunctionFailed(messageOf(text));
        return JSON.parse(text) as unknown;
      },
    },
  );
}

/** `LatencyMs` of the log lines in `LogResult` (base64). */
function latencies(logResult: string | undefined): number[] {
  return Buffer.from(logResult ?? "", "base64")
    .toString()
    .split("\n")
    .flatMap((line) => {
      try {
        const { LatencyMs } = JSON.parse(line) as { readonly LatencyMs?: unknown };
        return typeof LatencyMs === "number" ? [LatencyMs] : [];
      } catch {
        return [];
      }
    });
}

/** The error type and the first line of the message, without a stack trace. */
function messageOf(payload: string): string {
  const { errorType = "", errorMessage = payload } = JSON.parse(payload) as {
    readonly errorType?: string;
    readonly errorMessage?: string;
  };
  const [first = ""] = errorMessage.split("\n");
  // The message of another function may contain the phone number.
  return oneLine(redactNumbers(`${errorType}: ${first}`), 200);
}

function functionFailed({ stackName }: InstanceConfig, message: string): Finding {
  const lacksSdk = /Cannot find (module|package) '?aws-sdk/.test(message);
  return failed(
    `The function ends with an error (${message}). The caller hears silence while Connect retries, and no caller is blocked.` +
      (lacksSdk
        ? " Its code loads version 2 of the AWS SDK, which the runtimes of Node.js 18 and later do not include. The vendor's function has this error."
        : ""),
    `Deploy ${stackName}. If it was deployed before, the function's code was changed outside Terraform: find out who changed it.`,
  );
}

function unlistedFinding(answers: readonly ProbeAnswer[]): Finding {
  const answer = answers.find(({ listedUnder }) => listedUnder === undefined);
  if (answer === undefined) {
    return unproven("No unlisted test number is available: all fictional numbers are exempt or listed.");
  }
  return answer.right ? ok("The answer is nomatch.") : wrongAnswer("an unlisted number", answer);
}

function listedFinding(answers: readonly ProbeAnswer[], disposition: string): Finding {
  const answer = answers.find(({ listedUnder }) => listedUnder === disposition);
  if (answer === undefined) {
    return unproven(
      "No contact with this Disposition has a phone number that can be blocked, so blocking cannot be tested.",
      "Set the Disposition on a contact of a test number in ConnectPath, then verify again.",
    );
  }
  return answer.right
    ? ok("For a number with this Disposition the answer is match.")
    : wrongAnswer("a listed number", answer);
}

const unknownContact = {
  cause: "A contact with this number has the Disposition, but the function did not find it.",
  remediation:
    "See the checks published, configuration and environment: the function may look up other Dispositions. If they are ok, verify again, " +
    "because an index follows its table with a delay of seconds.",
};

function wrongAnswer(number: string, { answered, expected, reason }: ProbeAnswer): Finding {
  // For a listed number, the explanation of this reason would say that no action is needed.
  const explanation = expected === "match" && reason === "not_blocked" ? unknownContact : explanationOf(reason);
  const effect =
    expected === "match"
      ? "the caller is not blocked"
      : answered === "match"
        ? "callers are blocked by mistake"
        : "calls go through because of a fault";
  return failed(
    `For ${number} the answer is ${answered} (${reason}) instead of ${expected}: ${effect}.` +
      (explanation === undefined ? "" : ` ${explanation.cause}`),
    explanation?.remediation ??
      "This answer is not from our function. Deploy again, or check the version that the alias points to.",
  );
}

function timeFinding({ lookup: { budgetMs } }: InstanceConfig, { byFunction, roundTrip }: Times): Finding {
  const measured = byFunction.length > 0 ? byFunction : roundTrip;
  if (measured.length === 0) return unproven("The function was not invoked.");
  const slowest = Math.max(...measured);
  const by = byFunction.length > 0 ? "measured by the function" : "measured by this command, with the network";
  const detail = `The slowest of ${measured.length} answers took ${slowest.toFixed(1)} ms (${by}); the budget is ${budgetMs} ms.`;
  if (slowest <= budgetMs) return ok(detail);
  // This time includes the network between this computer and Lambda, so it proves no fault.
  if (byFunction.length === 0) return unproven(detail);
  return failed(
    detail,
    "Verify again. If the time does not improve, check DynamoDB's latency and, in a VPC, the function's route to DynamoDB.",
  );
}
