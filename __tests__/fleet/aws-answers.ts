/** An AWS stub with scripted answers over HTTP, for answers that no emulator gives. The real SDK reads them. */
import { instanceClients } from "../../fleet/aws/instance-clients";
import type { InstanceClients } from "../../fleet/aws/instance-clients";
import { type AwsResponse, serveAws } from "../../emulators/aws/aws-endpoint";
import type { AwsRequest } from "../../emulators/aws/aws-request";
import { sampleInstance } from "../stacks/sample-instance";

/** An error response. */
export class AwsError {
  constructor(
    readonly name: string,
    readonly message = "",
    readonly status = 400,
  ) {}
}

/** A JSON response with headers, as Lambda sends them for an invocation. */
export class AnswerWithHeaders {
  constructor(
    readonly answer: object,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/** An object is a JSON response, a string is XML (IAM, STS). */
export type Answer = object | string | AwsError | Decider;

/** Computes the response from the request. */
export type Decider = (input: Readonly<Record<string, unknown>>, url: string) => object | string | AwsError;

/** Responses by call, such as `dynamodb:DescribeTable`. */
export type Answers = Readonly<Record<string, Answer>>;

export interface AwsStub {
  readonly clients: InstanceClients;
  /** May be replaced at any time. A call without an answer results in an error with its name. */
  answers: Answers;
  /** Calls such as `dynamodb:DescribeTable`, in the order of their arrival. */
  readonly calls: string[];
  close(): Promise<void>;
}

/** Starts the stub. Until it is closed, new SDK clients of this process without an endpoint use it. */
export async function startAwsStub(): Promise<AwsStub> {
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
  if (answer instanceof AnswerWithHeaders) {
    return { status: 200, headers: answer.headers, body: JSON.stringify(answer.answer) };
  }
  if (typeof answer === "string") return { status: 200, headers: { "content-type": "text/xml" }, body: answer };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
}
