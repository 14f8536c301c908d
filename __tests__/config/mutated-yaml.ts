/** A valid environment file that uses every key, and mutations of it like those of editors and people. */
import fc from "fast-check";
import { unicodeString } from "../unicode-string";

/** An environment file that uses every key at one level at least, and every YAML style: block and flow, quoted and plain, comments. */
export const environment = `# yaml-language-server: $schema=./schema.json
account: "111122223333" # in quotes
region: us-east-1
awsProvider: ">= 6.44, < 7"
deployRole: { arn: "arn:aws:iam::111122223333:role/deploy", externalId: abc }
state:
  bucket: acme-state
  region: us-east-1
  kmsKeyArn: arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110
  roleArn: arn:aws:iam::444455556666:role/state
  endpoint: https://s3.example.com
  usePathStyle: true
tags:
  owner: telephony
  'cost centre': "42"
blockedDispositions:
  - Blocked
  - Nuisance:Confirmed
anonymousCallers: block
exemptNumbers: ["+15555550199", '+1555*']
lookup: { budgetMs: 2500, flowTimeLimitSeconds: 3 }
function:
  runtime: nodejs24.x
  memoryMb: 512
  logRetentionDays: 30
  logKmsKeyArn: arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110
  reservedConcurrency: 20
  vpc: { subnetIds: [subnet-0123456789abcdef0], securityGroupIds: [sg-0123456789abcdef0, sg-12345678] }
permissionsBoundary: arn:aws:iam::111122223333:policy/boundary
ignoreTags: { keys: [costs], keyPrefixes: ["org:"] }
table: { adopt: false, indexTimeoutMinutes: 60, acceptReplicas: true }
inboundFlow:
  name: Front door
  queue: 2f0e0d0c-1b1a-4918-8716-151413121110
  whenBlocked: { action: message, text: "Goodbye." }
flows:
  whenBlocked: { action: queue, queue: 2f0e0d0c-1b1a-4918-8716-151413121110 }
  unprotectedNumbers: ["+15555550198"]
contactDetails: { agent: Agent, time: EndTime }
waves:
  - canary
  - rest
instances:
  - name: acme
    id: 0f0e0d0c-1b1a-4918-8716-151413121110
    tableName: dextr-other
    wave: canary
    suspended: true
    adoptExisting: { module: 3f0e0d0c-1b1a-4918-8716-151413121110, function: true, role: true, logGroup: true, alias: true, association: true }
  - name: beta
    id: arn:aws:connect:us-west-2:111122223333:instance/1f0e0d0c-1b1a-4918-8716-151413121110
    region: us-west-2
    release: keep-index
    permissionsBoundary: arn:aws:iam::aws:policy/ReadOnlyAccess
    function:
      name: blocked
      roleName: blocked
      logKmsKeyArn: arn:aws:kms:us-west-2:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110
`;
const token = fc.oneof(
  fc.constantFrom(
    ...["", "~", "null", "true", "no", "0", "-1", "1.5", "1e999", ".nan", "0x1F", "011122223333", "111122223333"],
    ...[
      "[]",
      "{}",
      "[a, [b]]",
      "{ a: { b: c } }",
      '""',
      "''",
      '" "',
      "'",
      '"',
      "|",
      ">-",
      "- x",
      "? x",
      "? [a]: b",
      ": x",
    ],
    ...[
      "&a b",
      "*a",
      "<<: *a",
      "!!str 1",
      "!!binary aGk=",
      "!!set { a }",
      "!x y",
      "%YAML 1.1",
      "---",
      "...",
      "#",
      "@",
      "`",
    ],
    ...[
      "us-east-2",
      "canary",
      "us-gov-west-1",
      "nodejs22.x",
      "constructor: x",
      "__proto__: x",
      "toString",
      "\t",
      "\u2028",
      "\uFEFF",
      "\u202E",
      '"\\u202E"',
      '"a\\u200Bb"',
      "OWNER",
      "AWS:owner",
      "\0",
    ],
  ),
  unicodeString({ maxLength: 8 }),
  fc.double().map(String),
  fc.json({ maxDepth: 2 }),
);

type Mutation = (text: string) => string;
const onLines = (place: number, change: (line: string, all: string[], index: number) => string[]): Mutation => {
  return (text) => {
    const lines = text.split("\n");
    const index = place % lines.length;
    return lines.flatMap((line, i) => (i === index ? change(line, lines, index) : [line])).join("\n");
  };
};
const place = fc.nat({ max: 10_000 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  place.map((at) => onLines(at, () => [])),
  place.map((at) => onLines(at, (line) => [line, line])),
  fc.tuple(place, place).map(([at, from]) => onLines(at, (line, all) => [line, all[from % all.length] ?? ""])),
  fc
    .tuple(place, fc.integer({ min: 0, max: 6 }))
    .map(([at, indent]) => onLines(at, (line) => [" ".repeat(indent) + line.trimStart()])),
  fc
    .tuple(place, token)
    .map(([at, value]) => onLines(at, (line) => [line.replace(/([:-]) .*$/, `$1 ${value.replaceAll("$", "$$$$")}`)])),
  fc.tuple(place, token).map(([at, key]) => onLines(at, (line) => [line.replace(/[\w-]+(?=:)/, () => key)])),
  fc.tuple(place, token).map(([at, line]) => onLines(at, (old) => [old, line])),
  fc.tuple(place, token, fc.nat({ max: 5 })).map(([at, inserted, removed]) => (text: string) => {
    const offset = at % (text.length + 1);
    return text.slice(0, offset) + inserted + text.slice(offset + removed);
  }),
  place.map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
);
/** `text` with one to four changes of the kinds that people and tools make. */
export const mutated = (text: string) =>
  fc
    .array(mutation, { minLength: 1, maxLength: 4 })
    .map((mutations) => mutations.reduce((result, next) => next(result), text));
