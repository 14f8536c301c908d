/** One endpoint for every AWS service: sends each call to the emulator that has the service, and records it. */
import { type AwsEndpoint, forwardTo, type AwsResponse, type Responder, serveAws } from "./aws-endpoint";
import { type AwsRequest, parseJson } from "./aws-request";
import { splitTarget } from "./request-target";

/** One call as it was seen on the wire. Headers are not kept: they hold credentials. */
export interface RecordedCall {
  /** Signing name, such as `dynamodb`; empty for an unsigned request. */
  readonly service: string;
  /** Such as `UpdateTable`; method and path where the operation is not known. */
  readonly operation: string;
  readonly region: string;
  readonly method: string;
  /** Path and query, without the signature of a presigned URL. */
  readonly url: string;
  /** The request body where it is JSON or a form. */
  readonly input: unknown;
  /** HTTP status. */
  readonly status: number;
  /** The response body where it is JSON. */
  readonly output: unknown;
}

/** The endpoint; its `url` goes into `AWS_ENDPOINT_URL`. */
export interface RecordingProxy extends AwsEndpoint {
  /** The calls answered so far, in the order in which they arrived. */
  calls(): readonly RecordedCall[];
  /** Forgets the calls so far. */
  clear(): void;
  /** The calls to a service (by signing name) that may have changed something, failed ones too. */
  mutating(service: string): readonly RecordedCall[];
  /**
   * Answers with `respond` the calls that `matches` accepts, before any emulator sees them, until the returned function is
   * called. Of several that accept a call the oldest answers it.
   */
  intercept(matches: (request: AwsRequest) => boolean, respond: Responder): () => void;
}

/**
 * Starts the proxy on a free port of the loopback interface.
 *
 * @param upstream URL of the emulator that has every service not in `local`.
 * @param local services emulated in this process, by signing name.
 */
export async function startRecordingProxy(
  upstream: string,
  local: Readonly<Record<string, Responder>>,
): Promise<RecordingProxy> {
  const others = forwardTo(upstream);
  const recorded = new Map<number, RecordedCall>();
  const faults = new Set<{ matches: (request: AwsRequest) => boolean; respond: Responder }>();
  let arrivals = 0;

  const endpoint = await serveAws(async (request) => {
    const arrival = arrivals++;
    const fault = [...faults].find(({ matches }) => matches(request));
    const response = await (fault?.respond ?? local[request.service] ?? others)(request);
    recorded.set(arrival, record(request, response));
    return response;
  });

  const calls = (): readonly RecordedCall[] => [...recorded].sort(([a], [b]) => a - b).map(([, call]) => call);
  return {
    ...endpoint,
    calls,
    clear: () => {
      recorded.clear();
    },
    mutating: (service) => calls().filter((call) => call.service === service && !isRead(call.operation)),
    intercept: (matches, respond) => {
      const fault = { matches, respond };
      faults.add(fault);
      return () => {
        faults.delete(fault);
      };
    },
  };
}

/** By name, or by method where the name is not known; whatever is not known to be a read counts as a change. */
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
