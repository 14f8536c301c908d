/** Emulates Lambda's `Invoke`, for which moto needs Docker: runs the uploaded zip of the version that the alias points to. */
import { createHash } from "node:crypto";
import {
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  type FunctionConfiguration,
} from "@aws-sdk/client-lambda";
import { type FunctionInstance, type Invocation, startFunction } from "../lambda-runtime/function-instance";
import type { AwsResponse, Responder } from "./aws-endpoint";
import type { AwsRequest } from "./aws-request";
import { splitTarget } from "./request-target";

export interface UploadedFunctions {
  /** Answers `Invoke`, forwards all other calls to moto, and keeps the zips of uploaded functions. */
  readonly lambda: Responder;
  /** Ends all processes. */
  close(): Promise<void>;
}

export interface UploadedFunctionsProps {
  /** Answers all calls to Lambda except `Invoke`. */
  readonly moto: Responder;
  /** URL of moto. */
  readonly motoUrl: string;
  /** Additional environment variables of a function with this role, such as `AWS_ENDPOINT_URL`. */
  readonly environment: (roleArn: string) => Readonly<Record<string, string>>;
}

/** Largest number of idle execution environments. Each is a process. */
const maxWarmEnvironments = 4;

interface WarmEnvironment {
  readonly instance: FunctionInstance;
  /** Resolves when the current event is processed. An execution environment processes one event at a time. */
  last: Promise<unknown>;
}

/** Runs published versions: moto stores versions and aliases, and this emulator stores the code by its hash. */
export function runUploadedFunctions({ moto, motoUrl, environment }: UploadedFunctionsProps): UploadedFunctions {
  const zips = new Map<string, Buffer>();
  const warm = new Map<string, Promise<WarmEnvironment>>();
  const clients = new Map<string, LambdaClient>();

  const lambdaIn = (region: string): LambdaClient => {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
    const client = clients.get(region) ?? new LambdaClient({ endpoint: motoUrl, region, credentials });
    clients.set(region, client);
    return client;
  };

  async function configurationOf(request: AwsRequest): Promise<FunctionConfiguration> {
    const lambda = lambdaIn(request.region);
    const { FunctionName, Qualifier } = functionOf(request);
    const isAlias = Qualifier !== undefined && !/^(\$LATEST|\d+)$/.test(Qualifier);
    const version = isAlias
      ? (await lambda.send(new GetAliasCommand({ FunctionName, Name: Qualifier }))).FunctionVersion
      : Qualifier;
    return lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: version }));
  }

  /** The execution environment for exactly this code and configuration. */
  async function environmentFor(configuration: FunctionConfiguration, region: string): Promise<WarmEnvironment> {
    const {
      CodeSha256 = "",
      Handler = "",
      Environment,
      Role = "",
      MemorySize = 128,
      Version,
      FunctionArn,
    } = configuration;
    const key = JSON.stringify([FunctionArn, Version, CodeSha256, Handler, Environment, Role, MemorySize]);
    const running = warm.get(key);
    if (running !== undefined) {
      // The least recently used environment is stopped first.
      warm.delete(key);
      warm.set(key, running);
      return running;
    }
    const zip = zips.get(CodeSha256);
    if (zip === undefined)
      throw new Error(`the code of ${FunctionArn ?? "the function"} was not uploaded as a zip file`);
    const started = startFunction({
      zip,
      handler: Handler,
      memoryMb: MemorySize,
      environment: {
        AWS_REGION: region,
        AWS_LAMBDA_FUNCTION_NAME: configuration.FunctionName ?? "",
        AWS_LAMBDA_FUNCTION_VERSION: Version ?? "",
        ...environment(Role),
        ...Environment?.Variables,
      },
    }).then((instance) => ({ instance, last: Promise.resolve() }));
    warm.set(key, started);
    // If the execution environment cannot start, the next event starts a new one, as on Lambda.
    started.catch(() => warm.delete(key));
    const [oldest] = warm.keys();
    if (warm.size > maxWarmEnvironments && oldest !== undefined) await stop(oldest);
    return started;
  }

  async function stop(key: string): Promise<void> {
    const environment = await warm.get(key)?.catch(() => undefined);
    warm.delete(key);
    await environment?.last;
    await environment?.instance.stop();
  }

  async function invoke(request: AwsRequest): Promise<AwsResponse> {
    const configuration = await configurationOf(request);
    const type = String(request.headers["x-amz-invocation-type"] ?? "RequestResponse");
    if (type === "DryRun") return { status: 204, body: "" };
    if (type !== "RequestResponse") throw new Error(`the invocation type ${type} is not emulated`);
    const event: unknown = request.body.length === 0 ? {} : JSON.parse(request.body.toString());
    let invocation: Pick<Invocation, "payload" | "error" | "logs">;
    try {
      const one = await environmentFor(configuration, request.region);
      const timeoutMs = (configuration.Timeout ?? 3) * 1000;
      const turn = one.last.then(() => one.instance.invoke(event, { timeoutMs }));
      one.last = turn.catch(() => undefined);
      invocation = await turn;
    } catch (error) {
      // Lambda reports a function that cannot be loaded as a function error.
      const errorMessage = error instanceof Error ? error.message : String(error);
      invocation = { payload: undefined, error: { errorType: "Runtime.ImportModuleError", errorMessage }, logs: [] };
    }
    const { payload, error, logs } = invocation;
    const tail = Buffer.from(`${logs.join("\n")}\n`)
      .subarray(-4096)
      .toString("base64");
    return {
      status: 200,
      headers: {
        "content-type": "application/json",
        "x-amz-executed-version": configuration.Version,
        ...(error === undefined ? {} : { "x-amz-function-error": "Unhandled" }),
        ...(request.headers["x-amz-log-type"] === "Tail" ? { "x-amz-log-result": tail } : {}),
      },
      body: JSON.stringify(error ?? payload ?? null),
    };
  }

  return {
    lambda: async (request) => {
      if (request.operation === "Invoke") return invoke(request).catch(asAnswer);
      const zip = uploadedZip(request.input);
      if (zip !== undefined) zips.set(createHash("sha256").update(zip).digest("base64"), zip);
      return moto(request);
    },
    close: async () => {
      await Promise.all([...warm.keys()].map(stop));
      for (const client of clients.values()) client.destroy();
    },
  };
}

/** Name and qualifier, in any form: `f`, `f:live`, a full or partial ARN, `?Qualifier=live`. */
function functionOf(request: AwsRequest): { readonly FunctionName: string; readonly Qualifier: string | undefined } {
  const { pathname, query } = splitTarget(request.url);
  const named = decodeURIComponent(pathname.split("/")[3] ?? "");
  const [, name = named, qualifier] =
    /^(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?(?:function:)?([^:]+)(?::(.+))?$/.exec(named) ?? [];
  return { FunctionName: name, Qualifier: qualifier ?? query.get("Qualifier") ?? undefined };
}

/** The zip is in `Code` for `CreateFunction`, and at the top level for `UpdateFunctionCode`. */
function uploadedZip(input: unknown): Buffer | undefined {
  const { ZipFile, Code } = (input ?? {}) as {
    readonly ZipFile?: unknown;
    readonly Code?: { readonly ZipFile?: unknown };
  };
  const text = ZipFile ?? Code?.ZipFile;
  return typeof text === "string" ? Buffer.from(text, "base64") : undefined;
}

/** Converts moto's error for a missing function or alias to the error that `Invoke` returns. */
function asAnswer(error: unknown): AwsResponse {
  const isMissing = error instanceof Error && error.name === "ResourceNotFoundException";
  if (!isMissing) throw error;
  return {
    status: 404,
    headers: { "content-type": "application/json", "x-amzn-errortype": "ResourceNotFoundException" },
    body: JSON.stringify({ Type: "User", Message: error.message }),
  };
}
