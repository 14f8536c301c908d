/** Tests `fleet bootstrap` with an S3 emulator: created settings, kept settings, and buckets that it refuses. */
import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { type AwsEndpoint, type AwsResponse, type Responder, serveAws } from "../../emulators/aws/aws-endpoint";
import type { AwsRequest } from "../../emulators/aws/aws-request";
import { type Moto, startMoto } from "../../emulators/aws/moto";
import { type RecordingProxy, startRecordingProxy } from "../../emulators/aws/recording-proxy";
import { validYaml } from "../config/environment-files";
import { runFleet } from "../fleet/run-fleet";

jest.setTimeout(5 * 60_000);

const ACCOUNT = "111122223333";
const BUCKET = "acme-state";
const key = "arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110";
const steps = 8;

let moto: Moto;
let storage: AwsEndpoint;
let proxy: RecordingProxy;
let s3: S3Client;

beforeAll(async () => {
  moto = await startMoto(ACCOUNT);
});
afterAll(() => moto.stop());
beforeEach(async () => {
  // Deletes all buckets. A restart takes seconds.
  await fetch(`${moto.url}/moto-api/reset`, { method: "POST" });
  const respond = keepLifecycles(moto.respond);
  storage = await serveAws(respond);
  proxy = await startRecordingProxy(respond, {});
  // moto accepts every expected owner.
  proxy.intercept(
    ({ headers }) => ![undefined, ACCOUNT].includes(headers["x-amz-expected-bucket-owner"]?.toString()),
    () => ({ status: 403, body: "" }),
  );
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  s3 = new S3Client({
    region: "us-east-1",
    endpoint: storage.url,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" },
  });
});
afterEach(async () => {
  s3.destroy();
  await proxy.close();
  await storage.close();
});

/** moto drops NewerNoncurrentVersions, so the lifecycle configuration is stored here. */
function keepLifecycles(respond: Responder): Responder {
  const kept = new Map<string, AwsResponse>();
  return async (request) => {
    const response = await respond(request);
    if (request.operation === "PutBucketLifecycle" && response.status === 200) {
      const headers = { "x-amz-transition-default-minimum-object-size": "varies_by_storage_class" };
      kept.set(request.url, { status: 200, headers, body: request.body });
    }
    return request.operation === "GetBucketLifecycle" ? (kept.get(request.url) ?? response) : response;
  };
}

const bucket = { Bucket: BUCKET };
const edited = (yaml: string, from: string, to: string): string => {
  if (!yaml.includes(from)) throw new Error(`the file does not contain ${from}`);
  return yaml.replace(from, to);
};

/** Runs `fleet bootstrap --env dev ...` as a separate process. */
const bootstrap = (args: readonly string[] = [], yaml = validYaml) =>
  runFleet(
    ["bootstrap", "--env", "dev", ...args],
    { "dev.yaml": yaml },
    { AWS_ENDPOINT_URL: proxy.url, AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "emulated" },
  );

const changes = (): string[] =>
  proxy
    .mutating("s3")
    .map(({ operation }) => operation)
    .filter((operation) => operation !== "HeadBucket");

/** Every setting of the bucket, read from S3. */
async function settings() {
  const [tagging, versioning, encryption, ownership, access, policy, lifecycle] = await Promise.all([
    s3.send(new GetBucketTaggingCommand(bucket)),
    s3.send(new GetBucketVersioningCommand(bucket)),
    s3.send(new GetBucketEncryptionCommand(bucket)),
    s3.send(new GetBucketOwnershipControlsCommand(bucket)),
    s3.send(new GetPublicAccessBlockCommand(bucket)),
    s3.send(new GetBucketPolicyCommand(bucket)),
    s3.send(new GetBucketLifecycleConfigurationCommand(bucket)),
  ]);
  return {
    tags: Object.fromEntries((tagging.TagSet ?? []).map(({ Key = "", Value }) => [Key, Value])),
    versioning: versioning.Status,
    encryption: encryption.ServerSideEncryptionConfiguration?.Rules?.[0],
    ownership: ownership.OwnershipControls?.Rules?.[0]?.ObjectOwnership,
    access: access.PublicAccessBlockConfiguration,
    statements: (JSON.parse(policy.Policy ?? "{}") as { Statement: { Sid: string }[] }).Statement,
    rules: lifecycle.Rules ?? [],
  };
}

const tlsOnly = {
  Sid: "ConnectpathCallBlockingTlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
};
const hardened = {
  tags: { "connectpath-call-blocking": "terraform-state" },
  versioning: "Enabled",
  ownership: "BucketOwnerEnforced",
  access: { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true },
  statements: [tlsOnly],
  rules: [
    {
      ID: "connectpath-call-blocking-old-versions",
      Status: "Enabled",
      Filter: { Prefix: "connectpath-call-blocking/" },
      NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 20 },
    },
  ],
};

test("a bucket is created with every setting, step by step, and a second run changes nothing", async () => {
  const first = await bootstrap([], `${validYaml}tags: { team: voice }\n`);
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  expect(first.stdout).toContain("Bucket acme-state (us-east-1, account 111122223333)");
  expect(first.stdout).toContain("  done      versioning\n");
  expect(first.stdout).toMatch(/ of 8 steps done\./);
  expect(await settings()).toMatchObject({ ...hardened, tags: { ...hardened.tags, team: "voice" } });
  expect((await settings()).encryption?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe("AES256");
  // Every call except the creation names the expected owner, so a bucket of another account is never written to.
  expect(changes()[0]).toBe("CreateBucket");

  proxy.clear();
  const second = await bootstrap([], `${validYaml}tags: { team: voice }\n`);
  expect(second.exitCode).toBe(0);
  expect(second.stdout.match(/^ {2}already /gm)).toHaveLength(steps);
  expect(second.stdout).toContain("Nothing to do.");
  expect(changes()).toEqual([]);
});

/** Records the requests to S3 from now on, with their headers. */
function requests(): readonly AwsRequest[] {
  const seen: AwsRequest[] = [];
  // The condition is always false, so the emulator answers the request.
  proxy.intercept(
    (request) => request.service === "s3" && seen.push(request) < 0,
    () => ({ status: 500, body: "" }),
  );
  return seen;
}

const created = (seen: readonly AwsRequest[]): string | undefined =>
  seen.find(({ operation }) => operation === "CreateBucket")?.body.toString();

test("every call except the creation names the account that must own the bucket", async () => {
  const seen = requests();
  await bootstrap();
  const anonymous = seen.filter(({ headers }) => headers["x-amz-expected-bucket-owner"] !== ACCOUNT);
  expect(anonymous.map(({ operation }) => operation)).toEqual(["CreateBucket"]);
  // S3 refuses us-east-1 as a location constraint.
  expect(created(seen)).toBe("");
  // After the creation, each step reads a setting and changes it.
  expect(seen).toHaveLength(2 + 2 * (steps - 1));
});

test("outside us-east-1 the bucket is created in state.region, with the given key", async () => {
  const yaml = edited(
    validYaml,
    "state: { bucket: acme-state, region: us-east-1 }",
    `state: { bucket: acme-state, region: eu-west-1, kmsKeyArn: "${key.replace("us-east-1", "eu-west-1")}" }`,
  );
  const seen = requests();
  expect(await bootstrap([], yaml)).toMatchObject({ exitCode: 0, stderr: "" });
  expect(created(seen)).toContain("<LocationConstraint>eu-west-1</LocationConstraint>");
  expect((await s3.send(new GetBucketLocationCommand(bucket))).LocationConstraint).toBe("eu-west-1");
  expect((await settings()).encryption).toMatchObject({
    ApplyServerSideEncryptionByDefault: {
      SSEAlgorithm: "aws:kms",
      KMSMasterKeyID: key.replace("us-east-1", "eu-west-1"),
    },
    BucketKeyEnabled: true,
  });
  const again = await bootstrap([], yaml);
  expect(again.stdout).toContain("Nothing to do.");

  const moved = edited(yaml, "region: eu-west-1", "region: eu-central-1").replace(/:eu-west-1:/, ":eu-central-1:");
  const refused = await bootstrap([], moved);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("The bucket acme-state is in eu-west-1, but state.region is eu-central-1.");
});

test("a dry run reports the steps and changes nothing, with and without an existing bucket", async () => {
  const before = await bootstrap(["--dry-run"]);
  expect(before.stdout.match(/^ {2}would do /gm)).toHaveLength(steps);
  expect(before.stdout).toContain("8 of 8 steps would be done.");
  expect((await s3.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
  await bootstrap();
  await s3.send(new DeleteBucketEncryptionCommand(bucket));
  proxy.clear();
  const after = await bootstrap(["--dry-run"]);
  expect(after.stdout).toMatch(/would do {2}encryption/);
  expect(after.stdout).toContain("1 of 8 steps would be done.");
  expect(changes()).toEqual([]);
});

test.each(["PutBucketTagging", "PutBucketVersioning", "PutBucketPolicy", "PutBucketLifecycle"])(
  "after an error in %s, the error names the step, and the next run continues there",
  async (operation) => {
    const removeFault = proxy.intercept(
      (request) => request.operation === operation,
      () => ({ status: 403, body: `<Error><Code>AccessDenied</Code><Message>not ${operation}</Message></Error>` }),
    );
    const interrupted = await bootstrap();
    expect(interrupted.exitCode).toBe(1);
    expect(interrupted.stderr).toContain(`not ${operation}`);
    expect(interrupted.stderr).toContain("run the command again");
    expect(interrupted.stderr).not.toContain("    at ");
    removeFault();
    const second = await bootstrap();
    expect(second).toMatchObject({ exitCode: 0, stderr: "" });
    expect(second.stdout).toMatch(/already {3}the bucket/);
    expect(await settings()).toMatchObject(hardened);
  },
);

describe("a bucket that exists", () => {
  const foreignStatement = {
    Sid: "Audit",
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::444455556666:root" },
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::${BUCKET}/*`,
  };
  const foreignRule = {
    ID: "audit",
    Status: "Enabled" as const,
    Filter: { Prefix: "audit/" },
    Expiration: { Days: 400 },
  };

  beforeEach(async () => {
    await s3.send(new CreateBucketCommand(bucket));
  });

  test("and is empty is used", async () => {
    expect(await bootstrap()).toMatchObject({ exitCode: 0 });
    expect(await settings()).toMatchObject(hardened);
  });

  test("and holds objects is refused, and used with --adopt, with its objects unchanged", async () => {
    await s3.send(new PutObjectCommand({ ...bucket, Key: "their/report.csv", Body: "theirs" }));
    await s3.send(
      new PutBucketPolicyCommand({
        ...bucket,
        Policy: JSON.stringify({ Version: "2012-10-17", Statement: foreignStatement }),
      }),
    );
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({ ...bucket, LifecycleConfiguration: { Rules: [foreignRule] } }),
    );
    await s3.send(new PutBucketTaggingCommand({ ...bucket, Tagging: { TagSet: [{ Key: "team", Value: "data" }] } }));
    await s3.send(
      new PutBucketEncryptionCommand({
        ...bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: key } }],
        },
      }),
    );
    const refused = await bootstrap();
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(
      'The bucket acme-state exists, contains objects ("their/report.csv"), and has no tag connectpath-call-blocking = terraform-state',
    );
    expect(refused.stderr).toContain("--adopt");
    expect(changes()).toEqual([]);

    const yaml = `${validYaml}tags: { team: voice }\n`;
    const seen = requests();
    expect(await bootstrap(["--adopt"], yaml)).toMatchObject({ exitCode: 0 });
    const now = await settings();
    expect(now.statements).toEqual([tlsOnly, foreignStatement]);
    expect(now.rules).toEqual([expect.objectContaining(foreignRule), expect.objectContaining(hardened.rules[0] ?? {})]);
    // A request without this setting would reset the setting of the other rules.
    const put = seen.find(({ operation }) => operation === "PutBucketLifecycle");
    expect(put?.headers["x-amz-transition-default-minimum-object-size"]).toBe("varies_by_storage_class");
    expect(now.tags).toEqual({ ...hardened.tags, team: "data" });
    // The stronger encryption stays.
    expect(now.encryption?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe("aws:kms");

    const again = await bootstrap([], yaml);
    expect(again.stdout).toContain("Nothing to do.");
  });

  test("in another account is refused before any change", async () => {
    const stop = proxy.intercept(
      ({ operation }) => operation === "HeadBucket",
      () => ({ status: 403, body: "" }),
    );
    const refused = await bootstrap();
    stop();
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("The bucket acme-state exists, and account 111122223333 does not own it");
    expect(changes()).toEqual([]);
  });
});

test("a bucket in another region is refused", async () => {
  proxy.intercept(
    ({ operation }) => operation === "HeadBucket",
    () => ({ status: 301, headers: { "x-amz-bucket-region": "eu-north-1" }, body: "" }),
  );
  const refused = await bootstrap();
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("The bucket acme-state is in eu-north-1, but state.region is us-east-1.");
  expect(changes()).toEqual([]);
});

test("credentials of another account create nothing", async () => {
  const yaml = edited(validYaml, "111122223333", "444455556666");
  const refused = await bootstrap([], yaml);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("The credentials belong to account 111122223333");
  expect(refused.stderr).toContain("--owner 111122223333");
  expect(changes()).toEqual([]);
  expect(await bootstrap(["--owner", "111122223333"], yaml)).toMatchObject({ exitCode: 0 });
});

test("state.roleArn is assumed, and its account owns the bucket", async () => {
  const yaml = edited(
    edited(validYaml, "111122223333", "444455556666"),
    "region: us-east-1 }",
    'region: us-east-1, roleArn: "arn:aws:iam::111122223333:role/state" }',
  );
  const done = await bootstrap([], yaml);
  expect(done).toMatchObject({ exitCode: 0, stderr: "" });
  expect(done.stdout).toContain("account 111122223333");
  expect(
    proxy
      .calls()
      .filter(({ service }) => service === "sts")
      .map(({ operation }) => operation),
  ).toEqual(["AssumeRole"]);
});

test("an S3-compatible store is used at its endpoint, without the settings that it lacks", async () => {
  const stop = proxy.intercept(
    ({ operation }) => operation === "PutPublicAccessBlock" || operation === "PutBucketPublicAccessBlock",
    () => ({ status: 501, body: "<Error><Code>NotImplemented</Code></Error>" }),
  );
  const yaml = edited(
    validYaml,
    "state: { bucket: acme-state, region: us-east-1 }",
    `state: { bucket: acme-state, region: us-east-1, endpoint: "${proxy.url}", usePathStyle: true }`,
  );
  const done = await bootstrap([], yaml);
  stop();
  expect(done).toMatchObject({ exitCode: 0, stderr: "" });
  expect(done.stdout).toMatch(/skipped {3}the block of all public access/);
  expect(proxy.calls().some(({ service }) => service === "sts")).toBe(false);
});

test("missing credentials are reported", async () => {
  const refused = await runFleet(
    ["bootstrap", "--env", "dev"],
    { "dev.yaml": validYaml },
    { AWS_ENDPOINT_URL: proxy.url },
  );
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("Could not load credentials from any providers");
  expect(refused.stderr).not.toContain("    at ");
});
