/** Asks the deployed function, as Connect would, about a number that is listed and one that is not. */
import { QueryCommand, paginateQuery } from "@aws-sdk/client-dynamodb";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { indexName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { CONTACTS_READ, probe, type ProbeAnswer, type ProbeResult } from "../../../lambda/canary/probe";
import { explanationOf } from "../../../lambda/explanations";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { redactNumbers, printable } from "../../output/redact";
import type { Check, Finding } from "./check";
import { runCheck, unproven } from "./check";

/** How long answers took, in milliseconds. */
interface Times {
  /** By the function's own clock, as its log lines say. */
  readonly own: number[];
  /** There and back from here. */
  readonly roundTrip: number[];
}

/** The function failed instead of answering. */
class FunctionFailed extends Error {
  override readonly name = "FunctionFailed";
}

/**
 * The checks `unlisted number`, `listed: <Disposition>` for each, and `time`.
 *
 * @param ready whether table, index and alias are such that there is something to ask
 * @throws CannotAsk
 */
export async function answerChecks(
  instance: InstanceConfig,
  clients: InstanceClients,
  ready: boolean,
): Promise<readonly Check[]> {
  if (!ready) return [{ name: "answers", ...unproven("Nothing was asked: see the failed checks.") }];
  const times: Times = { own: [], roundTrip: [] };
  let result: ProbeResult | undefined;
  const asked = await runCheck("answers", async () => {
    try {
      result = await ask(instance, clients, times);
      return ok("The function answers.");
    } catch (error) {
      if (error instanceof FunctionFailed) return functionFailed(instance, error.message);
      throw error;
    }
  });
  if (result === undefined) return [asked];
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
  const TableName = instance.table.name;
  return probe(
    { ...instance, instanceName: instance.name },
    {
      listed: async function* (disposition) {
        const input = {
          TableName,
          IndexName: indexName,
          KeyConditionExpression: "Disposition = :disposition",
          ExpressionAttributeValues: { ":disposition": { S: disposition } },
        };
        for await (const { Items = [] } of paginateQuery({ client: dynamodb, pageSize: CONTACTS_READ }, input))
          for (const { CustomerEndpoint } of Items) yield CustomerEndpoint?.S ?? "";
      },
      isListed: async (disposition, number) => {
        const { Count = 0 } = await dynamodb.send(
          new QueryCommand({
            TableName,
            IndexName: indexName,
            KeyConditionExpression: "Disposition = :disposition AND CustomerEndpoint = :number",
            ExpressionAttributeValues: { ":disposition": { S: disposition }, ":number": { S: number } },
            Limit: 1,
          }),
        );
        return Count > 0;
      },
      ask: async (event) => {
        const begun = performance.now();
        const { Payload, FunctionError, LogResult } = await lambda.send(
          new InvokeCommand({
            FunctionName: instance.function.aliasArn,
            Payload: JSON.stringify(event),
            LogType: "Tail",
          }),
        );
        times.roundTrip.push(performance.now() - begun);
        times.own.push(...latencies(LogResult));
        const text = Buffer.from(Payload ?? []).toString();
        if (FunctionError !== undefined) throw new FunctionFailed(messageOf(text));
        return JSON.parse(text) as unknown;
      },
    },
  );
}

/** `LatencyMs` of the lines in the end of a function's log, base64. */
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

/** What Lambda says of a function that failed; the first line, since a stack trace may follow. */
function messageOf(payload: string): string {
  const { errorType = "", errorMessage = payload } = JSON.parse(payload) as {
    readonly errorType?: string;
    readonly errorMessage?: string;
  };
  const [first = ""] = errorMessage.split("\n");
  // A function that somebody else wrote may say the number that it was asked for.
  return printable(redactNumbers(`${errorType}: ${first}`).slice(0, 200));
}

function functionFailed({ stackName }: InstanceConfig, message: string): Finding {
  const lacksSdk = /Cannot find (module|package) '?aws-sdk/.test(message);
  return failed(
    `The function fails instead of answering (${message}): the caller hears silence while Connect tries again, then nobody is blocked.` +
      (lacksSdk
        ? " Its code loads the AWS SDK v2, which the runtimes of Node.js 18 and later do not have: the vendor's function on the runtime that the vendor's guide shows."
        : ""),
    `Deploy ${stackName}. If it was deployed before, somebody changed the function's code: find out who.`,
  );
}

function unlistedFinding(answers: readonly ProbeAnswer[]): Finding {
  const answer = answers.find(({ listedUnder }) => listedUnder === undefined);
  if (answer === undefined) {
    return unproven(
      "No number could be asked for that is surely not listed: those reserved for fiction are exempt or listed.",
    );
  }
  return answer.right ? ok("It is answered with nomatch.") : wrong("A number that is not listed", answer);
}

function listedFinding(answers: readonly ProbeAnswer[], disposition: string): Finding {
  const answer = answers.find(({ listedUnder }) => listedUnder === disposition);
  if (answer === undefined) {
    return unproven(
      `No contact with a number that can be blocked carries it: whether one would be blocked is not shown.`,
      "Give it to a contact of a test number in ConnectPath, and verify again.",
    );
  }
  return answer.right
    ? ok("A number that is listed under it is answered with match.")
    : wrong("A listed number", answer);
}

function wrong(what: string, { answered, expected, reason }: ProbeAnswer): Finding {
  const explanation = explanationOf(reason);
  const effect =
    expected === "match"
      ? "it is not blocked"
      : answered === "match"
        ? "callers are blocked who should not be"
        : "calls go through because of a fault";
  return failed(
    `${what} is answered with ${answered} (${reason}) instead of ${expected}: ${effect}.` +
      (explanation === undefined ? "" : ` ${explanation.means}`),
    explanation?.todo ?? "This is not an answer of our function: deploy again, or look at what the alias points at.",
  );
}

function timeFinding({ lookup: { budgetMs } }: InstanceConfig, { own, roundTrip }: Times): Finding {
  const measured = own.length > 0 ? own : roundTrip;
  if (measured.length === 0) return unproven("Nothing was asked.");
  const slowest = Math.max(...measured);
  const by = own.length > 0 ? "by its own clock" : "there and back from here";
  const told = `The slowest of ${measured.length} answers took ${slowest.toFixed(1)} ms ${by}, of a budget of ${budgetMs} ms.`;
  if (slowest <= budgetMs) return ok(told);
  // The way from here is not the way from Connect.
  if (own.length === 0) return unproven(told);
  return failed(
    told,
    "Verify again. If it stays so, look at DynamoDB's latency and, in a VPC, at the function's way to DynamoDB.",
  );
}
