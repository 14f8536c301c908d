/** AWS clients for one instance, with the role from its environment file. */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ConnectClient } from "@aws-sdk/client-connect";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import type { InstanceConfig } from "../../config/types";
import { sharedRoleCredentials } from "./security-token-service";

export interface InstanceClients {
  readonly cloudwatch: CloudWatchClient;
  readonly connect: ConnectClient;
  readonly dynamodb: DynamoDBClient;
  readonly eventbridge: EventBridgeClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly lambda: LambdaClient;
  readonly logs: CloudWatchLogsClient;
  /** Closes all connections. */
  destroy(): void;
}

/** How long the clients try. */
interface ClientSettings {
  /** Requests per call, with retries. @default 8, so that a throttled call is repeated for about 30 seconds */
  readonly maxAttempts?: number;
  /** Milliseconds to connect. @default no limit */
  readonly connectionTimeout?: number;
}

/**
 * Clients for the account and region of an instance. They use `planRole`, otherwise `deployRole`, otherwise the credentials that the
 * SDK finds. All clients share the credentials of the role, and renew them before they expire.
 *
 * Connect allows two calls a second per operation, account and region, so after a throttling error the SDK sends fewer requests per second.
 * https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
 */
export function instanceClients(
  instance: Pick<InstanceConfig, "region" | "planRole" | "deployRole">,
  { maxAttempts = 8, connectionTimeout }: ClientSettings = {},
): InstanceClients {
  const { region, planRole, deployRole } = instance;
  const role = planRole ?? deployRole;
  const settings = {
    region,
    maxAttempts,
    retryMode: "adaptive",
    ...(connectionTimeout === undefined ? {} : { requestHandler: { connectionTimeout } }),
    ...(role === undefined ? {} : { credentials: sharedRoleCredentials(region, role.arn, role.externalId) }),
  };
  const created: { destroy(): void }[] = [];
  /** Creates a client on its first use, because most commands use few of them. After `destroy`, no client may be used. */
  const onFirstUse = <Client extends CreatedClient>(create: () => Client): (() => Client) => {
    let client: Client | undefined;
    return () => {
      if (client !== undefined) return client;
      client = withoutLogger(create());
      created.push(client);
      return client;
    };
  };
  const cloudwatch = onFirstUse(() => new CloudWatchClient(settings));
  const connect = onFirstUse(() => new ConnectClient(settings));
  const dynamodb = onFirstUse(() => new DynamoDBClient(settings));
  const eventbridge = onFirstUse(() => new EventBridgeClient(settings));
  const iam = onFirstUse(() => new IAMClient(settings));
  const kms = onFirstUse(() => new KMSClient(settings));
  const lambda = onFirstUse(() => new LambdaClient(settings));
  const logs = onFirstUse(() => new CloudWatchLogsClient(settings));
  return {
    get cloudwatch() {
      return cloudwatch();
    },
    get connect() {
      return connect();
    },
    get dynamodb() {
      return dynamodb();
    },
    get eventbridge() {
      return eventbridge();
    },
    get iam() {
      return iam();
    },
    get kms() {
      return kms();
    },
    get lambda() {
      return lambda();
    },
    get logs() {
      return logs();
    },
    destroy: () => {
      for (const client of created) client.destroy();
    },
  };
}

/** The client without the middleware that copies each response for a logger. The default logger discards the copy. */
export function withoutLogger<Client extends CreatedClient>(client: Client): Client {
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

interface CreatedClient {
  readonly middlewareStack: { remove(name: string): boolean };
  destroy(): void;
}

/** The client, except that the signal stops each of its requests. */
export function stoppable<T extends { readonly send: unknown }>(client: T, signal: AbortSignal): T {
  // The brackets keep `client` as `this`.
  const send = (command: unknown): unknown => (client.send as Send)(command, { abortSignal: signal });
  return Object.assign(Object.create(client) as T, { send });
}

type Send = (command: unknown, options: { readonly abortSignal: AbortSignal }) => unknown;
