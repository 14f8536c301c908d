/** An emulated AWS account: all services behind one recording proxy, a bucket for Terraform's state, and Connect instances. */
import path from "node:path";
import type { FlowContent } from "../flows/language/types";
import { validateContent } from "../flows/language/validate";
import { startMoto } from "./aws/moto";
import { type ProxyOptions, type RecordingProxy, startRecordingProxy } from "./aws/recording-proxy";
import { runUploadedFunctions } from "./aws/uploaded-functions";
import { ConnectEmulator, type ConnectInstance } from "./connect/server";
import { rolesIn } from "./iam/roles";

/** The emulators accept any credentials. Functions get other credentials, whose key id identifies their role. */
export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" } as const;

export interface AccountProps extends ProxyOptions {
  /** 12 digits. */
  readonly account: string;
  /** The bucket for Terraform's state. */
  readonly bucket: string;
  readonly instances: readonly Omit<ConnectInstance, "account">[];
}

export interface EmulatedAccount {
  /** The endpoint of all services. */
  readonly proxy: RecordingProxy;
  /** URL of moto, for requests that are not recorded. */
  readonly motoUrl: string;
  readonly connect: ConnectEmulator;
  /** Ends all processes. May be called again. */
  stop(): Promise<void>;
}

/** @throws Error if moto does not start or the port of the proxy is in use; nothing is left running then */
export async function startAccount({ account, bucket, instances, ...options }: AccountProps): Promise<EmulatedAccount> {
  const connect = new ConnectEmulator(
    instances.map((instance) => ({ account, ...instance })),
    (content, kind) => validateContent(JSON.parse(content) as FlowContent, kind).map(({ message }) => message),
  );
  const moto = await startMoto(account);
  const roles = rolesIn(moto.url);
  const functions = runUploadedFunctions({
    moto: moto.respond,
    motoUrl: moto.url,
    environment: (roleArn) => ({ AWS_ENDPOINT_URL: proxy.url, AWS_ACCESS_KEY_ID: roles.accessKeyOf(roleArn) }),
  });
  const stopServices = async (): Promise<void> => {
    await functions.close();
    roles.close();
    await moto.stop();
  };
  let proxy: RecordingProxy;
  try {
    proxy = await startRecordingProxy(
      moto.respond,
      {
        connect: (request) => connect.handle(request),
        dynamodb: roles.enforcePolicies(moto.respond),
        iam: roles.answerSimulations(moto.respond),
        lambda: roles.enforcePolicies(functions.lambda),
      },
      options,
    );
  } catch (error) {
    await stopServices();
    throw error;
  }
  const stop = async (): Promise<void> => {
    // Without the proxy, no client starts a function while the functions stop.
    await proxy.close();
    await stopServices();
  };
  const made = await fetch(`${moto.url}/${bucket}`, { method: "PUT" });
  if (made.ok) return { proxy, motoUrl: moto.url, connect, stop };
  await stop();
  throw new Error(`The state bucket could not be created: ${made.status}.`);
}

/** Environment variables that send the AWS clients, Terraform and `fleet` of a process to the emulators, and to nothing else. */
export const clientEnvironment = (endpoint: string, region: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: region,
  // These files do not exist, so the profiles and roles of the user do not apply.
  AWS_CONFIG_FILE: path.join(path.parse(process.cwd()).root, "no-aws-config"),
  AWS_SHARED_CREDENTIALS_FILE: path.join(path.parse(process.cwd()).root, "no-aws-credentials"),
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  // The plugin cache that cdktf shares between stacks is not concurrency-safe (hashicorp/terraform-cdk#2741).
  CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
});

/** Whether a URL is on this machine. */
export function isLoopback(url: string): boolean {
  try {
    return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
  } catch {
    return false;
  }
}
