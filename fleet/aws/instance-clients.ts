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
  const created: CreatedClient[] = [];
  const clients = onFirstUse(
    {
      cloudwatch: () => new CloudWatchClient(settings),
      connect: () => new ConnectClient(settings),
      dynamodb: () => new DynamoDBClient(settings),
      eventbridge: () => new EventBridgeClient(settings),
      iam: () => new IAMClient(settings),
      kms: () => new KMSClient(settings),
      lambda: () => new LambdaClient(settings),
      logs: () => new CloudWatchLogsClient(settings),
    },
    created,
  );
  return Object.assign(clients, {
    destroy: () => {
      for (const client of created) client.destroy();
    },
  });
}

/**
 * Creates each client on its first use, because most commands use few of them. After their `destroy`, no client may be used.
 *
 * @param created receives each created client
 */
function onFirstUse<Clients extends Readonly<Record<string, CreatedClient>>>(
  create: { readonly [Name in keyof Clients]: () => Clients[Name] },
  created: CreatedClient[],
): Clients {
  const clients = {};
  for (const [name, createOne] of Object.entries<() => CreatedClient>(create)) {
    let client: CreatedClient | undefined;
    const get = (): CreatedClient => {
      if (client === undefined) created.push((client = withoutLogger(createOne())));
      return client;
    };
    Object.defineProperty(clients, name, { get, enumerable: true });
  }
  return clients as Clients;
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
