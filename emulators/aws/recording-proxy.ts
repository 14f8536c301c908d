/** One endpoint for all AWS services: forwards each call to the emulator of the service, and records it. */
import { type AwsEndpoint, type AwsResponse, type Responder, serveAws } from "./aws-endpoint";
import { type AwsRequest, parseJson } from "./aws-request";
import { splitTarget } from "./request-target";

/** One recorded call. Headers are not recorded because they contain credentials. */
export interface RecordedCall {
  /** Signing name, such as `dynamodb`; empty for an unsigned request. */
  readonly service: string;
  /** Such as `UpdateTable`; method and path if the operation is unknown. */
  readonly operation: string;
  readonly region: string;
  readonly method: string;
  /** Path and query, without the signature of a presigned URL. */
  readonly url: string;
  /** The request body if it is JSON or a form. */
  readonly input: unknown;
  /** HTTP status. */
  readonly status: number;
  /** The response body if it is JSON. */
  readonly output: unknown;
}

/** The endpoint. Its `url` is the value for `AWS_ENDPOINT_URL`. */
export interface RecordingProxy extends AwsEndpoint {
  /** The answered calls in the order of their arrival. */
  calls(): readonly RecordedCall[];
  /** Deletes the recorded calls. */
  clear(): void;
  /** The calls to a service (by signing name) that may have changed something, including failed calls. */
  mutating(service: string): readonly RecordedCall[];
  /**
   * Answers matching calls with `respond` instead of an emulator, until the returned function is called. If several interceptions match,
   * the oldest one answers.
   */
  intercept(matches: (request: AwsRequest) => boolean, respond: Responder): () => void;
}

export interface ProxyOptions {
  /** A loopback port. @default a free port */
  readonly port?: number;
  /** Receives each answered call. The proxy then does not keep the calls. */
  readonly onCall?: (call: RecordedCall) => void;
}

/**
 * Starts the proxy.
 *
 * @param upstream answers the requests for all services that are not in `local`.
 * @param local services emulated in this process, by signing name.
 * @throws Error with the code EADDRINUSE if the port is in use
 */
export async function startRecordingProxy(
  upstream: Responder,
  local: Readonly<Record<string, Responder>>,
  { port, onCall }: ProxyOptions = {},
): Promise<RecordingProxy> {
  const recorded = new Map<number, RecordedCall>();
  const interceptions = new Set<{ matches: (request: AwsRequest) => boolean; respond: Responder }>();
  let arrivals = 0;

  const endpoint = await serveAws(async (request) => {
    const arrival = arrivals++;
    const interception = [...interceptions].find(({ matches }) => matches(request));
    const response = await (interception?.respond ?? local[request.service] ?? upstream)(request);
    const call = record(request, response);
    if (onCall === undefined) recorded.set(arrival, call);
    else onCall(call);
    return response;
  }, port);

  const calls = (): readonly RecordedCall[] => [...recorded].sort(([a], [b]) => a - b).map(([, call]) => call);
  return {
    ...endpoint,
    calls,
    clear: () => {
      recorded.clear();
    },
    mutating: (service) => calls().filter((call) => call.service === service && !isRead(call.operation)),
    intercept: (matches, respond) => {
      const interception = { matches, respond };
      interceptions.add(interception);
      return () => {
        interceptions.delete(interception);
      };
    },
  };
}

/**
 * Whether a call only reads, by the name of its operation, or by its method if the operation is unknown. All other calls count as changes.
 */
const isRead = (operation: string): boolean =>
  /^(Describe|List|Get|BatchGet|TransactGet|Head|GET |HEAD |(Query|Scan)$)/.test(operation);

function record(request: AwsRequest, response: AwsResponse): RecordedCall {
  const { service, operation, region, method, input } = request;
  const { pathname, query } = splitTarget(request.url);
  for (const name of [...query.keys()]) if (/^x-amz-/i.test(name)) query.delete(name);
  const url = query.size === 0 ? pathname : `${pathname}?${query.toString()}`;
  const output = parseJson(Buffer.from(response.body));
  return { service, operation, region, method, url, input, status: response.status, output };
}
