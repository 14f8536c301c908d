/** AWS as a test wants it to answer, over HTTP, so that the real SDK reads answers and errors; for what no emulator can be brought to say. */
import { instanceClients } from "../../fleet/aws/instance-clients";
import type { InstanceClients } from "../../fleet/aws/instance-clients";
import { type AwsResponse, serveAws } from "../../emulators/aws/aws-endpoint";
import type { AwsRequest } from "../../emulators/aws/aws-request";
import { sampleInstance } from "../stacks/sample-instance";

/** An error of AWS: its name and message. */
export class AwsError {
  constructor(
    readonly name: string,
    readonly message = "",
    readonly status = 400,
  ) {}
}

/** A JSON answer with headers, by which Lambda says how an invocation went. */
export class WithHeaders {
  constructor(
    readonly answer: object,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/** An object is a JSON answer, a string the XML of IAM. */
export type Answer = object | string | AwsError | Decider;

/** An answer that depends on the call. */
export type Decider = (input: Readonly<Record<string, unknown>>, url: string) => object | string | AwsError;

/** `dynamodb:DescribeTable` → its answer. */
export type Answers = Readonly<Record<string, Answer>>;

export interface AnsweringAws {
  readonly clients: InstanceClients;
  /** What is answered from now on; what is not in it is an error that names the call. */
  answers: Answers;
  /** `dynamodb:DescribeTable`, in the order in which they came. */
  readonly calls: string[];
  close(): Promise<void>;
}

/** Starts it; until it is closed, all SDK clients of this process that are made without an endpoint are its own. */
export async function answeringAws(): Promise<AnsweringAws> {
  const calls: string[] = [];
  const aws = { answers: {} as Answers, calls };
  const endpoint = await serveAws((request) => {
    const call = `${request.service}:${request.operation}`;
    calls.push(call);
    const answer = aws.answers[call];
    if (answer === undefined) return respond(request, new AwsError("NoAnswer", `the test has no answer to ${call}`));
    const input = (request.input ?? {}) as Readonly<Record<string, unknown>>;
    return respond(request, typeof answer === "function" ? (answer as Decider)(input, request.url) : answer);
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "emulated",
  });
  const clients = instanceClients(sampleInstance);
  return Object.assign(aws, {
    clients,
    close: async () => {
      clients.destroy();
      delete process.env["AWS_ENDPOINT_URL"];
      await endpoint.close();
    },
  });
}

function respond({ service }: AwsRequest, answer: object | string | AwsError): AwsResponse {
  if (answer instanceof AwsError) {
    const { name, message, status } = answer;
    if (service === "iam" || service === "sts") {
      const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`;
      return { status, headers: { "content-type": "text/xml" }, body };
    }
    const headers = { "content-type": "application/json", "x-amzn-errortype": name };
    return { status, headers, body: JSON.stringify({ __type: name, message }) };
  }
  if (answer instanceof WithHeaders) {
    return { status: 200, headers: answer.headers, body: JSON.stringify(answer.answer) };
  }
  if (typeof answer === "string") return { status: 200, headers: { "content-type": "text/xml" }, body: answer };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
}
