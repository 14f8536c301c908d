/** Places calls to the phone number of the company in the emulated account. `npm run call` sends the requests. */
import { randomUUID } from "node:crypto";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { z } from "zod";
import type { FlowContent } from "../flows/language/types";
import { credentials, type EmulatedAccount } from "./account";
import type { AwsRequest } from "./aws/aws-request";
import type { AwsResponse } from "./aws/aws-endpoint";
import { company, finishContact } from "./company";
import type { FlowResource } from "./connect/server";
import { type Call, type PlayedCall, playCall } from "./play-call";

/** Path of the requests. No AWS service has it. */
export const callPath = "/call-blocking-emulators/call";

const callRequest = z.strictObject({
  /** The caller's number, or the word that a network sends for a withheld number. */
  from: z.string().max(256),
  /** Assigns the phone number to this flow before the call. */
  flow: z.string().optional(),
  /** The Disposition that an agent chooses after the call. */
  disposition: z.string().min(1).optional(),
});
export type CallRequest = z.infer<typeof callRequest>;

export interface CallAnswer {
  /** Name of the flow. */
  readonly flow: string;
  readonly call: PlayedCall;
}

/** The phone of the company: which flow answers, and what happens. */
export class Phone {
  private flowName: string = company.flow;

  constructor(private readonly account: EmulatedAccount) {}

  /** Answers a request of `npm run call`; status 400 with a text if the call cannot be placed. */
  async answer(request: AwsRequest): Promise<AwsResponse> {
    const { connect } = this.account;
    const { from, flow: wanted = this.flowName, disposition } = callRequest.parse(request.input);
    const flows = connect.flows(company.instanceId);
    const flow = flows.get(wanted);
    if (flow === undefined) {
      const names = [...flows.keys()].map((name) => JSON.stringify(name)).join(", ");
      return { status: 400, body: `The instance has no flow ${JSON.stringify(wanted)}. Existing flows: ${names}.` };
    }
    if (wanted !== this.flowName) connect.assignFlow(company.instanceId, company.phoneNumber, flow.id);
    this.flowName = wanted;
    const lambda = new LambdaClient({ endpoint: this.account.proxy.url, region: company.region, credentials });
    try {
      const call = await playCall({
        content: contentOf(flow),
        kind: "flow",
        flows: byIdAndArn(flows.values()),
        modules: byIdAndArn(connect.modules(company.instanceId).values()),
        region: company.region,
        instanceArn: `arn:aws:connect:${company.region}:${company.account}:instance/${company.instanceId}`,
        from,
        invoke: invokeWith(lambda),
        mayInvoke: (arn) => connect.lambdaAllowed(company.instanceId, arn),
      });
      if (disposition !== undefined) await finishContact(this.account, randomUUID(), from, disposition);
      const answer: CallAnswer = { flow: wanted, call };
      return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
    } finally {
      lambda.destroy();
    }
  }
}

/** Invokes a function of the account, as Connect does. The wire log shows the request. */
const invokeWith =
  (lambda: LambdaClient): Call["invoke"] =>
  async (FunctionName, event) => {
    const started = performance.now();
    const Payload = Buffer.from(JSON.stringify(event));
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload, LogType: "Tail" }));
    const durationMs = performance.now() - started;
    const payload: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString() || "null");
    const logs = Buffer.from(answer.LogResult ?? "", "base64")
      .toString()
      .trim()
      .split("\n");
    if (answer.FunctionError === undefined) return { payload, logs, durationMs };
    return { payload: undefined, logs, durationMs, error: payload as { errorType: string; errorMessage: string } };
  };

const contentOf = ({ content }: FlowResource): FlowContent => JSON.parse(content) as FlowContent;

/** A flow refers to other flows and modules by id or by ARN. */
const byIdAndArn = (resources: Iterable<FlowResource>): Readonly<Record<string, FlowContent>> =>
  Object.fromEntries(
    [...resources].flatMap((resource) => [resource.id, resource.arn].map((name) => [name, contentOf(resource)])),
  );
