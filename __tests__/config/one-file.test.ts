/** Mistakes in one environment file. Each is reported once, with its place, the value, the allowed values and the fix. */
import { edited, inDirectory, load, problemsOf, refusal, validYaml } from "./environment-files";
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { loadEnvironments } from "../../config/load";

const inInstance = (line: string) => `${validYaml}    ${line}\n`;
const inEnvironment = (lines: string) => `${validYaml}${lines}\n`;
const invisibleFix = "Remove the character, or type the text again. Invisible characters change what reviewers see.";
const newer = "If AWS opened this region recently, add the region to the list in config/aws-names.ts.";

/** The mistake, the file, and the whole message. */
const badFiles: readonly (readonly [string, string | Uint8Array, string])[] = [
  // YAML itself
  ["an empty file", "", "1:1  The file is empty.\n  Add its keys, or delete the file."],
  ["a file of comments", "# nothing yet\n", "1:1  The file is empty.\n  Add its keys, or delete the file."],
  ["a list", "# one\n- a\n", '2:1  The file is a list, not a map.\n  Write "key: value" lines.'],
  ["a single value", "prod\n", '1:1  The file is a single value, not a map.\n  Write "key: value" lines.'],
  [
    "indentation with a tab",
    inEnvironment("tags:\n\towner: us"),
    "9:1  The file is not valid YAML: Tabs are not allowed as indentation.\n  Indent with spaces.",
  ],
  [
    "a quote that is not closed",
    edited("name: acme", 'name: "acme'),
    '8:1  The file is not valid YAML: Missing closing "quote.\n  Check the indentation, quotes and brackets here and in the line above.',
  ],
  [
    "a broken line, reported once and not again for every word after it",
    ` region: us-east-1\n${validYaml}exemptNumbers: ["+15555550100"]\n`,
    "2:1  The file is not valid YAML: This text does not continue the line before it.\n  Check the indentation, quotes and brackets here and in the line above.",
  ],
  [
    "a second document",
    inEnvironment("---\naccount: x"),
    "8:1  The file is not valid YAML: A second document starts here.\n  Remove the --- line. One file is one environment.",
  ],
  [
    "a directive, which could change the meaning of yes",
    `%YAML 1.1\n---\n${validYaml}`,
    "1:1  YAML directives are not supported.\n  Remove the lines before the first ---.",
  ],
  [
    "bytes that are not UTF-8",
    Buffer.concat([Buffer.from("account: 1\n# caf"), Buffer.from([0xe9])]),
    "2:6  The file is not in UTF-8.\n  Save the file as UTF-8.",
  ],
  [
    "UTF-16, as some editors save it",
    Buffer.from(`\uFEFF${validYaml}`, "utf16le"),
    "1:1  The file is not in UTF-8.\n  Save the file as UTF-8.",
  ],
  [
    "a byte order mark",
    `\uFEFF${validYaml}`,
    "1:1  The file starts with a byte order mark.\n  Save the file as UTF-8 without a byte order mark.",
  ],
  [
    "a hundred thousand open brackets",
    `tags: ${"[".repeat(100_000)}`,
    "1:1  The file has more than 50 levels of nesting.\n  Remove brackets or indentation.",
  ],
  [
    "a key twice",
    inEnvironment("region: us-west-2"),
    "8:1  region: The map has this key twice. The first one is on line 2.\n  Remove one of them.",
  ],
  [
    "an anchor",
    edited("region: us-east-1\n", "region: &home us-east-1\n"),
    '2:15  region: "&home" is an anchor, which is not supported.\n  Repeat the value, or put it in an outer level: the environment, or defaults.yaml.',
  ],
  [
    "an alias, which is not also reported as missing",
    edited("region: us-east-1\n", "region: *home\n"),
    '2:9  region: "*home" is an alias, which is not supported.\n  Repeat the value, or put it in an outer level: the environment, or defaults.yaml.',
  ],
  [
    "an alias for an instance",
    inEnvironment("  - *other"),
    '8:5  instances[1]: "*other" is an alias, which is not supported.\n  Repeat the value, or put it in an outer level: the environment, or defaults.yaml.',
  ],
  [
    "a tag of YAML",
    edited("[Blocked]", "!!set { Blocked }"),
    '4:28  blockedDispositions: "tag:yaml.org,2002:set" is a YAML tag, which is not supported.\n  Remove the tag.',
  ],
  ["a key that is a list", inEnvironment("? [a, b]\n: c"), "8:3  A key is not a word.\n  Write one word and a colon."],
  [
    "the key __proto__",
    inEnvironment("tags: { __proto__: x }"),
    "8:9  tags: A key is not a word.\n  Write one word and a colon.",
  ],

  // Keys
  [
    "a mistyped key, which is not also reported as missing",
    edited("account", "acount"),
    '1:1  acount: "acount" is not a key.\n  Did you mean "account"?',
  ],
  [
    "a mistyped key of an instance",
    edited("name: acme", "nmae: acme"),
    '6:5  instances[0].nmae: "nmae" is not a key.\n  Did you mean "name"?',
  ],
  [
    "an unknown key without a similar key",
    inEnvironment("table: { colour: red }"),
    '8:10  table.colour: "colour" is not a key.\n  Allowed here: adopt, indexTimeoutMinutes, acceptReplicas.',
  ],
  [
    "a key of one instance given for the environment",
    inEnvironment("tableName: dextr-other"),
    '8:1  tableName: "tableName" is not a key.\n  The key belongs to one instance. Put the key below instances.',
  ],
  [
    "a merge key",
    inInstance("<<: { region: us-east-1 }"),
    '8:5  instances[0]["<<"]: "<<" is not a key.\n  Allowed here: name, id, tableName, wave, suspended, release, adoptExisting, account, region, awsProvider, deployRole, planRole, state, allowances, ' +
      "permissionsBoundary, tags, ignoreTags, blockedDispositions, anonymousCallers, exemptNumbers, lookup, inboundFlow, flows, contactDetails, table, alarms, function.",
  ],
  [
    "a key without value",
    edited('account: "111122223333"', "account:"),
    "1:1  account: The key has no value.\n  Add a value, or remove the line.",
  ],

  // Missing keys
  [
    "no account",
    edited('account: "111122223333"\n', ""),
    '1:1  account: The key is missing.\n  Add the 12-digit AWS account id in quotes, for example account: "111122223333".',
  ],
  [
    "no region",
    edited("region: us-east-1\n", ""),
    "1:1  region: The key is missing.\n  Add the AWS region of the instance, for example region: us-east-1.",
  ],
  [
    "no state bucket",
    edited("bucket: acme-state, ", ""),
    "3:8  state.bucket: The key is missing.\n  Add the S3 bucket for the Terraform state.",
  ],
  [
    "no region of the state bucket",
    edited(", region: us-east-1 }", " }"),
    "3:8  state.region: The key is missing.\n  Add the AWS region of the state bucket.",
  ],
  [
    "no Disposition",
    edited("blockedDispositions: [Blocked]\n", ""),
    '1:1  blockedDispositions: The key is missing.\n  Add the Disposition that blocks a caller, for example blockedDispositions: ["Blocked"].',
  ],
  [
    "an instance without name",
    edited("name: acme\n    ", ""),
    "6:5  instances[0].name: The key is missing.\n  Add the alias of the Connect instance, as in the table name dextr-<name>.",
  ],
  [
    "an instance without id",
    edited("    id: 0f0e0d0c-1b1a-4918-8716-151413121110\n", ""),
    "6:5  instances[0].id: The key is missing.\n  Add the id or ARN of the Connect instance. The Connect console shows both.",
  ],
  [
    "no instances",
    validYaml.slice(0, validYaml.indexOf("instances")),
    "1:1  instances: The environment has no instances.\n  Add one: instances: [{ name: <alias of the Connect instance>, id: <its ARN> }].",
  ],
  [
    "an empty list of instances",
    `${validYaml.slice(0, validYaml.indexOf("instances"))}instances: []\n`,
    "5:12  instances: The environment has no instances.\n  Add one: instances: [{ name: <alias of the Connect instance>, id: <its ARN> }].",
  ],

  // Wrong types
  [
    "an account without quotes that begins with a zero",
    edited('"111122223333"', "011122223333"),
    "1:10  account: YAML reads 011122223333 without quotes as a number, not as text.\n  Put the value in quotes.",
  ],
  [
    "an account without quotes",
    edited('"111122223333"', "111122223333"),
    "1:10  account: YAML reads 111122223333 without quotes as a number, not as text.\n  Put the value in quotes.",
  ],
  [
    "a name that YAML reads as a boolean",
    edited("name: acme", "name: true"),
    "6:11  instances[0].name: YAML reads true without quotes as a boolean, not as text.\n  Put the value in quotes.",
  ],
  [
    "a map in place of text",
    edited("name: acme", "name: { acme: 1 }"),
    "6:11  instances[0].name: a map is not text.\n  Write one value in quotes.",
  ],
  [
    "one Disposition that is not in a list",
    edited("[Blocked]", "Blocked"),
    '4:22  blockedDispositions: "Blocked" is not a list.\n  Write one item per line, each after "- ", even if there is only one.',
  ],
  [
    "an instance that is only a name",
    inEnvironment("  - other"),
    '8:5  instances[1]: "other" is not a map.\n  Write its keys as "key: value" lines, indented.',
  ],
  [
    "a list in place of a map",
    inEnvironment("tags: [a]"),
    '8:7  tags: a list is not a map.\n  Write its keys as "key: value" lines, indented.',
  ],
  [
    "text in place of a boolean",
    edited("bucket: acme-state", "bucket: acme-state, usePathStyle: yes"),
    '3:44  state.usePathStyle: "yes" is neither true nor false.\n  Write true or false, without quotes.',
  ],
  [
    "a number in quotes",
    inInstance('function: { memoryMb: "512" }'),
    '8:27  instances[0].function.memoryMb: "512" is not a whole number of MB from 128 to 10240.\n  Remove the quotes.',
  ],

  // Values
  [
    "a mistyped region",
    edited("region: us-east-1\n", "region: us-east1\n"),
    '2:9  region: "us-east1" is not an AWS region.\n  Did you mean "us-east-1"?',
  ],
  [
    "a region that may be newer than the list",
    edited("region: us-east-1\n", "region: xx-nowhere-1\n"),
    `2:9  region: "xx-nowhere-1" is not an AWS region.\n  ${newer}`,
  ],
  [
    "a value without the form of a region",
    edited("region: us-east-1\n", "region: Virginia\n"),
    '2:9  region: "Virginia" is not an AWS region.\n  Use a region code, for example "us-east-1".',
  ],
  [
    "an account with hyphens",
    edited("111122223333", "1111-2222-3333"),
    '1:10  account: "1111-2222-3333" is not an AWS account id.\n  Write its 12 digits in quotes, without hyphens.',
  ],
  [
    "a provider version with the index bugs",
    inEnvironment('awsProvider: "~> 6.13"'),
    '8:14  awsProvider: "~> 6.13" allows AWS provider 6.0 to 6.43, which has index bugs ' +
      "(https://github.com/hashicorp/terraform-provider-aws/issues/44692 and /46322).\n" +
      '  Allowed: "~> 5.100.0" (the default) and ">= 6.44, < 7".',
  ],
  [
    "an unsupported provider version",
    inEnvironment('awsProvider: "~> 7.0"'),
    '8:14  awsProvider: "~> 7.0" is not a supported version constraint of the AWS provider.\n  Allowed: "~> 5.100.0" (the default) and ">= 6.44, < 7".',
  ],
  [
    "a role name in place of an ARN",
    inEnvironment("deployRole: { arn: deployer }"),
    '8:20  deployRole.arn: "deployer" is not the ARN of an IAM role.\n  Write it as "arn:aws:iam::111122223333:role/NAME".',
  ],
  [
    "a role without ARN",
    inEnvironment("deployRole: { externalId: abc }"),
    "8:13  deployRole.arn: The key is missing.\n  Add the ARN of the role to assume, or remove deployRole.",
  ],
  [
    "a plan role without ARN",
    inEnvironment("planRole: { externalId: abc }"),
    "8:11  planRole.arn: The key is missing.\n  Add the ARN of the role to assume, or remove planRole.",
  ],
  [
    "an external id with a space",
    inEnvironment("deployRole: { arn: 'arn:aws:iam::111122223333:role/deploy', externalId: a b }"),
    '8:73  deployRole.externalId: "a b" is not an external id.\n  Use 2 to 1224 letters, digits and the characters _+=,.@:/-, as in the role\'s trust policy.',
  ],
  [
    "a bucket in capitals",
    edited("acme-state", "Acme-State"),
    '3:18  state.bucket: "Acme-State" is not the name of an S3 bucket.\n  Use 3 to 63 lower-case letters, digits, hyphens and dots.',
  ],
  [
    "the alias of a KMS key",
    edited("bucket: acme-state", "kmsKeyArn: 'arn:aws:kms:us-east-1:111122223333:alias/state', bucket: acme-state"),
    '3:21  state.kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:alias/state" is not the ARN of a KMS key.\n' +
      '  Write it as "arn:aws:kms:REGION:ACCOUNT:key/ID". Use the key id, not an alias.',
  ],
  [
    "an endpoint with a password, which is not shown",
    edited("bucket: acme-state", "bucket: acme-state, endpoint: 'https://me:secret@s3.example.com'"),
    "3:40  state.endpoint: The value is not the URL of an S3-compatible store.\n" +
      '  Write it as "https://HOST" or "https://HOST:PORT", without user, password, path or query.',
  ],
  [
    "a tag key with the reserved prefix aws:",
    inEnvironment('tags: { "aws:owner": us }'),
    '8:9  tags["aws:owner"]: "aws:owner" is not a tag key.\n' +
      '  Use 1 to 128 letters, digits, spaces and the characters _.:/=+-@. The key must not start with "aws:".',
  ],
  [
    "a tag value with a line break",
    inEnvironment('tags: { owner: "a\\nb" }'),
    '8:16  tags.owner: "a\\nb" is not a tag value.\n  Use 1 to 256 letters, digits, spaces and the characters _.:/=+-@.',
  ],
  [
    "an empty tag value",
    inEnvironment('tags: { owner: "" }'),
    '8:16  tags.owner: "" is not a tag value.\n' +
      "  Write a value, or remove the tag. Use 1 to 256 letters, digits, spaces and the characters _.:/=+-@.",
  ],
  [
    "51 tags",
    inEnvironment(`tags: { ${Array.from({ length: 51 }, (_, n) => `t${n}: x`).join(", ")} }`),
    "8:7  tags: The instance has 51 tags with those of all levels. AWS allows 50 per resource.\n  Remove tags.",
  ],
  [
    "tag keys that differ only in case",
    inEnvironment("tags: { owner: us, Owner: them }"),
    '8:27  tags.Owner: The tag keys "owner" and "Owner" differ only in case. IAM treats them as one key.\n  Rename or remove one of them.',
  ],
  [
    "a tag key that differs only in case from one of another level",
    inEnvironment("tags: { owner: us }").replace("name: acme\n", "name: acme\n    tags: { OWNER: them }\n"),
    '7:20  instances[0].tags.OWNER: The tag keys "owner" and "OWNER" differ only in case. IAM treats them as one key.\n  Rename or remove one of them.',
  ],
  [
    "a permissions boundary that is no policy",
    inEnvironment("permissionsBoundary: arn:aws:iam::111122223333:role/boundary"),
    '8:22  permissionsBoundary: "arn:aws:iam::111122223333:role/boundary" is not the ARN of an IAM policy.\n' +
      '  Write it as "arn:aws:iam::111122223333:policy/NAME".',
  ],
  [
    "a permissions boundary of another account",
    inEnvironment("permissionsBoundary: arn:aws:iam::444455556666:policy/boundary"),
    '8:22  permissionsBoundary: "arn:aws:iam::444455556666:policy/boundary" is in account 444455556666, but the instance is in account 111122223333.\n' +
      "  Correct the wrong value.",
  ],
  [
    "a permissions boundary of AWS in another partition",
    inEnvironment("permissionsBoundary: arn:aws-cn:iam::aws:policy/ReadOnlyAccess"),
    '8:22  permissionsBoundary: "arn:aws-cn:iam::aws:policy/ReadOnlyAccess" is in partition aws-cn, but the instance is in partition aws.\n' +
      "  Correct the wrong value.",
  ],
  [
    "a tag that is set and ignored",
    inEnvironment("tags: { costs: a }\nignoreTags: { keys: [costs] }"),
    '8:16  tags.costs: ignoreTags.keys ignores the tag "costs", which tags sets.\n  Remove the tag from tags or from ignoreTags.',
  ],
  [
    "a tag whose prefix is ignored",
    inEnvironment('ignoreTags: { keyPrefixes: ["org:"] }').replace(
      "name: acme\n",
      'name: acme\n    tags: { "org:costs": a }\n',
    ),
    '7:26  instances[0].tags["org:costs"]: ignoreTags.keyPrefixes ignores the tag "org:costs", which tags sets.\n' +
      "  Remove the tag from tags or from ignoreTags.",
  ],
  [
    "an ignored tag with the reserved prefix aws:",
    inEnvironment('ignoreTags: { keyPrefixes: ["aws:cloudformation:"] }'),
    '8:29  ignoreTags.keyPrefixes[0]: "aws:cloudformation:" is not a tag key.\n' +
      '  Use 1 to 128 letters, digits, spaces and the characters _.:/=+-@. The key must not start with "aws:".',
  ],
  [
    "no reserved concurrency",
    inEnvironment("function: { reservedConcurrency: 0 }"),
    "8:34  function.reservedConcurrency: 0 is not a whole number of executions from 1 to 100000.\n  Write digits only: no quotes, no unit.",
  ],
  [
    "a KMS key for the log in another region",
    inEnvironment(`function: { logKmsKeyArn: "arn:aws:kms:us-west-2:111122223333:key/mrk-${"0".repeat(32)}" }`),
    `8:27  function.logKmsKeyArn: "arn:aws:kms:us-west-2:111122223333:key/mrk-${"0".repeat(32)}" is in region us-west-2, but the instance is in region us-east-1.\n` +
      "  Correct the wrong value.",
  ],
  [
    "a subnet without its prefix",
    inEnvironment("function: { vpc: { subnetIds: [0123456789abcdef0], securityGroupIds: [sg-12345678] } }"),
    '8:32  function.vpc.subnetIds[0]: "0123456789abcdef0" is not the id of a subnet.\n  Write it as "subnet-0123456789abcdef0".',
  ],
  [
    "VPC settings without security groups",
    inEnvironment("function: { vpc: { subnetIds: [subnet-12345678] } }"),
    "8:18  function.vpc.securityGroupIds: The key is missing.\n  Add the ids of the security groups, or remove vpc.",
  ],
  [
    "VPC settings of an instance without the security groups of the environment",
    inEnvironment("function: { vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] } }").replace(
      "name: acme\n",
      "name: acme\n    function: { vpc: { subnetIds: [subnet-87654321] } }\n",
    ),
    "7:22  instances[0].function.vpc.securityGroupIds: The key is missing.\n  Add the ids of the security groups, or remove vpc.",
  ],
  [
    "no subnet in the list",
    inEnvironment("function: { vpc: { subnetIds: [], securityGroupIds: [sg-12345678] } }"),
    "8:31  function.vpc.subnetIds: The list is empty.\n  Add at least one subnet.",
  ],
  [
    "101 Dispositions",
    edited("[Blocked]", `[${Array.from({ length: 101 }, (_, n) => `D${n}`).join(", ")}]`),
    "4:22  blockedDispositions: The list has too many items.\n  At most 100 are allowed, and the list has 101. Remove items.",
  ],
  [
    "1001 exempt numbers",
    inEnvironment(
      `exemptNumbers: [${Array.from({ length: 1001 }, (_, n) => `"+1555${String(n).padStart(7, "0")}"`).join(", ")}]`,
    ),
    "8:16  exemptNumbers: The list has too many items.\n  At most 1000 are allowed, and the list has 1001. Remove items.",
  ],
  [
    "a bidirectional control in a value",
    edited("[Blocked]", '["Block\u202Eed"]'),
    `4:29  The line contains the invisible character \\u202E.\n  ${invisibleFix}`,
  ],
  [
    "a bidirectional control in a comment",
    `# \u2066 only a comment\n${validYaml}`,
    `1:3  The line contains the invisible character \\u2066.\n  ${invisibleFix}`,
  ],
  [
    "an escaped bidirectional control in a value",
    edited("[Blocked]", '["Block\\u202Eed"]'),
    `4:23  blockedDispositions[0]: The text contains the invisible character \\u202E.\n  ${invisibleFix}`,
  ],
  [
    "an escaped zero-width space in a key",
    inEnvironment('tags: { "own\\u200Ber": us }'),
    `8:9  tags: A key contains the invisible character \\u200B.\n  ${invisibleFix}`,
  ],
  [
    "an escaped control character",
    inEnvironment('tags: { owner: "a\\ab" }'),
    `8:16  tags.owner: The text contains the invisible character \\u0007.\n  ${invisibleFix}`,
  ],
  [
    "no Disposition in the list",
    edited("[Blocked]", "[]"),
    '4:22  blockedDispositions: The list is empty, so no call would be blocked.\n  Add at least one Disposition, for example ["Blocked"].',
  ],
  [
    "a Disposition with a space at the end",
    edited("[Blocked]", '["Blocked "]'),
    '4:23  blockedDispositions[0]: "Blocked " starts or ends with white space.\n' +
      "  The comparison is exact, so no contact would match. Write the Disposition exactly as ConnectPath stores it.",
  ],
  [
    "an empty Disposition",
    edited("[Blocked]", '[Blocked, ""]'),
    '4:32  blockedDispositions[1]: "" is empty.\n' +
      "  The comparison is exact, so no contact would match. Write the Disposition exactly as ConnectPath stores it.",
  ],
  [
    "a Disposition longer than a key of DynamoDB",
    edited("Blocked", "é".repeat(1025)),
    `4:23  blockedDispositions[0]: "${"é".repeat(99)}… (1027 characters) has 2050 bytes in UTF-8.\n` +
      "  A DynamoDB key has at most 2048 bytes, so no contact can have this Disposition. Shorten the Disposition.",
  ],
  [
    "a Disposition twice",
    edited("[Blocked]", "[Blocked, Nuisance, Blocked]"),
    '4:42  blockedDispositions[2]: "Blocked" is in the list twice. The first one is item 0.\n  Remove one of them.',
  ],
  [
    "an unknown policy for withheld callers",
    inEnvironment("anonymousCallers: reject"),
    '8:19  anonymousCallers: "reject" is not a policy for withheld callers.\n  Allowed: "allow" (the default) and "block".',
  ],
  [
    "an exempt number without quotes, whose digits are not shown",
    inEnvironment("exemptNumbers: [+15555550100]"),
    "8:17  exemptNumbers[0]: YAML reads +••••••••••• without quotes as a number, not as text.\n  Put the value in quotes.",
  ],
  [
    "an exempt number as people write it, whose digits are not shown",
    inEnvironment('exemptNumbers: ["+15555550100", "(555) 555-0101"]'),
    '8:33  exemptNumbers[1]: "(•••) •••-••••" is not an international phone number or a prefix.\n' +
      '  Write a number as "+15555550100" and a prefix as "+1555*": with country code, without spaces or hyphens.',
  ],
  [
    "a phone number under another key, whose digits are not shown either",
    edited("name: acme", 'name: "+15555550100"'),
    '6:11  instances[0].name: "+•••••••••••" is not the alias of a Connect instance.\n' +
      '  Use 1 to 45 letters, digits and inner hyphens, not starting with "d-", exactly as in the table name dextr-<name>.',
  ],
  [
    "a fraction",
    inInstance("lookup: { budgetMs: 1500.5 }"),
    "8:25  instances[0].lookup.budgetMs: 1500.5 is not a whole number of milliseconds from 100 to 7500.\n  Write digits only: no quotes, no unit.",
  ],
  [
    "a number with its unit",
    inInstance("table: { indexTimeoutMinutes: 1440m }"),
    '8:35  instances[0].table.indexTimeoutMinutes: "1440m" is not a whole number of minutes from 20 to 10080.\n  Write digits only: no quotes, no unit.',
  ],
  [
    "a time limit above the maximum of a flow block",
    inInstance("lookup: { flowTimeLimitSeconds: 9 }"),
    "8:37  instances[0].lookup.flowTimeLimitSeconds: 9 is not a whole number of seconds from 1 to 8.\n  Write digits only: no quotes, no unit.",
  ],
  [
    "a deprecated runtime",
    inInstance("function: { runtime: nodejs20.x }"),
    '8:26  instances[0].function.runtime: "nodejs20.x" is a deprecated runtime: AWS Lambda creates no function with it.\n' +
      '  Allowed: "nodejs22.x" (the default) and, with awsProvider ">= 6.44, < 7", "nodejs24.x".',
  ],
  [
    "a runtime of another language",
    inInstance("function: { runtime: python3.13 }"),
    '8:26  instances[0].function.runtime: "python3.13" is not a supported runtime.\n' +
      '  Allowed: "nodejs22.x" (the default) and, with awsProvider ">= 6.44, < 7", "nodejs24.x".',
  ],
  [
    "a retention period that CloudWatch Logs does not have",
    inInstance("function: { logRetentionDays: 31 }"),
    "8:35  instances[0].function.logRetentionDays: 31 is not a retention period of CloudWatch Logs.\n" +
      "  Allowed, in days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653.",
  ],
  [
    "a function's name with a dot",
    inInstance("function: { name: blocked.calls }"),
    '8:23  instances[0].function.name: "blocked.calls" is not a name for a Lambda function.\n  Use 1 to 64 letters, digits, hyphens and underscores.',
  ],
  [
    "a function's name of 65 characters",
    inInstance(`function: { name: ${"f".repeat(65)} }`),
    `8:23  instances[0].function.name: "${"f".repeat(65)}" is not a name for a Lambda function.\n  Use 1 to 64 letters, digits, hyphens and underscores.`,
  ],
  [
    "a role's name of 65 characters",
    inInstance(`function: { roleName: ${"r".repeat(65)} }`),
    `8:27  instances[0].function.roleName: "${"r".repeat(65)}" is not a name for an IAM role.\n  Use 1 to 64 letters, digits and the characters _+=,.@-.`,
  ],
  [
    "a table's name with a space",
    inInstance("tableName: dextr acme"),
    '8:16  instances[0].tableName: "dextr acme" is not a name for a DynamoDB table.\n  Use 3 to 255 letters, digits, hyphens, underscores and dots.',
  ],
  [
    "an instance name that starts with d-",
    edited("name: acme", "name: d-acme"),
    '6:11  instances[0].name: "d-acme" is not the alias of a Connect instance.\n' +
      '  Use 1 to 45 letters, digits and inner hyphens, not starting with "d-", exactly as in the table name dextr-<name>.',
  ],
  [
    "an instance's name of 46 characters",
    edited("name: acme", `name: ${"a".repeat(46)}`),
    `6:11  instances[0].name: "${"a".repeat(46)}" is not the alias of a Connect instance.\n` +
      '  Use 1 to 45 letters, digits and inner hyphens, not starting with "d-", exactly as in the table name dextr-<name>.',
  ],
  [
    "an ARN of another resource type",
    edited("id: ", "id: arn:aws:connect:us-east-1:111122223333:instances/"),
    '7:9  instances[0].id: "arn:aws:connect:us-east-1:111122223333:instances/0f0e0d0c-1b1a-4918-8716-151413121110" is not the id or ARN of a Connect instance.\n' +
      "  Copy the instance ARN from the Connect console, or use the UUID at the end of the ARN, in lower case.",
  ],

  // Values that contradict each other
  [
    "an instance ARN of another account and region",
    edited("id: ", "id: arn:aws:connect:us-west-2:444455556666:instance/"),
    '7:9  instances[0].id: "arn:aws:connect:us-west-2:444455556666:instance/0f0e0d0c-1b1a-4918-8716-151413121110" is in account 444455556666 and region us-west-2, ' +
      "but the instance is in account 111122223333 and region us-east-1.\n  Correct the wrong value.",
  ],
  [
    "an instance ARN of another partition",
    edited("id: ", "id: arn:aws-us-gov:connect:us-east-1:111122223333:instance/"),
    '7:9  instances[0].id: "arn:aws-us-gov:connect:us-east-1:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110" is in partition aws-us-gov, ' +
      "but the instance is in partition aws.\n  Correct the wrong value.",
  ],
  [
    "a deploy role of another account",
    inEnvironment("deployRole: { arn: 'arn:aws:iam::444455556666:role/deploy' }"),
    '8:20  deployRole.arn: "arn:aws:iam::444455556666:role/deploy" is in account 444455556666, but the instance is in account 111122223333.\n' +
      "  Correct the wrong value.",
  ],
  [
    "a plan role of another account",
    inEnvironment("planRole: { arn: 'arn:aws:iam::444455556666:role/plan' }"),
    '8:18  planRole.arn: "arn:aws:iam::444455556666:role/plan" is in account 444455556666, but the instance is in account 111122223333.\n' +
      "  Correct the wrong value.",
  ],
  [
    "a state role of another partition",
    edited("bucket: acme-state", "bucket: acme-state, roleArn: 'arn:aws-cn:iam::444455556666:role/state'"),
    '3:39  state.roleArn: "arn:aws-cn:iam::444455556666:role/state" is in partition aws-cn, but the instance is in partition aws.\n' +
      "  Correct the wrong value.",
  ],
  [
    "a plan role for the state, of another partition",
    edited("bucket: acme-state", "bucket: acme-state, planRoleArn: 'arn:aws-cn:iam::444455556666:role/state'"),
    '3:43  state.planRoleArn: "arn:aws-cn:iam::444455556666:role/state" is in partition aws-cn, but the instance is in partition aws.\n' +
      "  Correct the wrong value.",
  ],
  [
    "a KMS key of another region than the bucket",
    edited(
      "bucket: acme-state",
      "bucket: acme-state, kmsKeyArn: 'arn:aws:kms:us-west-2:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110'",
    ),
    '3:41  state.kmsKeyArn: "arn:aws:kms:us-west-2:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110" is in region us-west-2, ' +
      "but the state bucket is in region us-east-1.\n  Correct the wrong value.",
  ],
  [
    "a state bucket outside of the partition of GovCloud",
    edited(
      "region: us-east-1\nstate: { bucket: acme-state, region: us-east-1 }",
      "region: us-gov-west-1\nstate: { bucket: acme-state, region: eu-west-1 }",
    ),
    '3:38  state.region: The state is in "eu-west-1" (partition aws), but the instance is in "us-gov-west-1" (partition aws-us-gov). No credentials are valid in both partitions.\n' +
      '  Use a state bucket in a region of aws-us-gov, for example "us-gov-west-1".',
  ],
  [
    "a state bucket outside of the partition of China",
    edited(
      "region: us-east-1\nstate: { bucket: acme-state, region: us-east-1 }",
      "region: cn-north-1\nstate: { bucket: acme-state, region: eu-west-1 }",
    ),
    '3:38  state.region: The state is in "eu-west-1" (partition aws), but the instance is in "cn-north-1" (partition aws-cn). No credentials are valid in both partitions.\n' +
      '  Use a state bucket in a region of aws-cn, for example "cn-north-1".',
  ],
  [
    "an instance in another partition than the environment's state",
    `${validYaml}    region: us-gov-west-1\n`,
    '8:13  instances[0].region: The state is in "us-east-1" (partition aws), but the instance is in "us-gov-west-1" (partition aws-us-gov). No credentials are valid in both partitions.\n' +
      '  Use a state bucket in a region of aws-us-gov, for example "us-gov-west-1".',
  ],
  [
    "a lookup budget too close to the flow's time limit",
    inEnvironment("lookup: { budgetMs: 2600, flowTimeLimitSeconds: 3 }"),
    "8:21  lookup.budgetMs: budgetMs is 2600 and flowTimeLimitSeconds is 3, so less than 500 ms are left and the flow can time out before the answer.\n" +
      "  Lower budgetMs to 2500 or less, or raise flowTimeLimitSeconds (at most 8).",
  ],
  [
    "a time limit too short for the default budget",
    inInstance("lookup: { flowTimeLimitSeconds: 1 }"),
    "8:37  instances[0].lookup.flowTimeLimitSeconds: budgetMs is 1500 and flowTimeLimitSeconds is 1, so less than 500 ms are left and the flow can time out before the answer.\n" +
      "  Lower budgetMs to 500 or less, or raise flowTimeLimitSeconds (at most 8).",
  ],
  [
    "a runtime that the provider version does not support",
    inInstance("function: { runtime: nodejs24.x }"),
    '8:26  instances[0].function.runtime: The AWS provider "~> 5.100.0" does not support the runtime "nodejs24.x".\n' +
      '  Use runtime "nodejs22.x", or awsProvider ">= 6.44, < 7".',
  ],
  [
    "an instance name that makes the role name too long",
    edited("name: acme", `name: ${"a".repeat(43)}\n    alarms: { canaryRoleName: canary }`),
    `6:11  instances[0].name: The name of the function's role, "blockedCalls-${"a".repeat(43)}-us-east-1", has 66 characters. IAM allows 64.\n` +
      "  Give this instance a shorter name in function.roleName.",
  ],
  [
    "an instance name that makes the canary's names too long",
    edited("name: acme", `name: ${"a".repeat(45)}\n    function: { roleName: role }`),
    `6:11  instances[0].name: The name of the canary's role, "blockedCalls-canary-${"a".repeat(45)}-us-east-1", has 75 characters. IAM allows 64.\n` +
      "  Give this instance a shorter name in alarms.canaryRoleName.\n" +
      `environments/prod.yaml:6:11  instances[0].name: The name of the canary, "blockedCalls-canary-${"a".repeat(45)}", has 65 characters. Lambda allows 64.\n` +
      "  Give this instance a shorter name in alarms.canaryName.",
  ],
  [
    "a threshold in quotes",
    edited("instances:", 'alarms: { lookupErrors: "5" }\ninstances:'),
    '5:25  alarms.lookupErrors: "5" is neither a whole number of errors from 1 to 10000 nor false.\n  Remove the quotes.',
  ],
  [
    "true in place of a threshold",
    edited("instances:", "alarms: { silentCalls: true }\ninstances:"),
    "5:24  alarms.silentCalls: true is neither a whole number of calls from 1 to 100000 nor false.\n  Write digits only (no quotes, no unit), or false for no such alarm.",
  ],
  [
    "more days than the longest CloudWatch period",
    edited("instances:", "alarms: { neverMatchesDays: 8 }\ninstances:"),
    "5:29  alarms.neverMatchesDays: 8 is neither a whole number of days from 1 to 7 nor false.\n  Write digits only (no quotes, no unit), or false for no such alarm.",
  ],
  [
    "an unknown alarm",
    edited("instances:", "alarms: { lookupError: 5 }\ninstances:"),
    '5:11  alarms.lookupError: "lookupError" is not a key.\n  Did you mean "lookupErrors"?',
  ],
  [
    "a runbook URL with an anchor",
    edited("instances:", 'alarms: { runbookUrl: "https://wiki.example.com/#runbook" }\ninstances:'),
    '5:23  alarms.runbookUrl: "https://wiki.example.com/#runbook" is not a URL or path of the runbook.\n  Use at most 300 characters, without an anchor, spaces, quotes, braces, $ and %.',
  ],
  [
    "a topic in another region",
    edited("instances:", 'alarms: { topicArn: "arn:aws:sns:us-west-2:111122223333:alarms" }\ninstances:'),
    '5:21  alarms.topicArn: "arn:aws:sns:us-west-2:111122223333:alarms" is in region us-west-2, but the instance is in region us-east-1.\n  Correct the wrong value.',
  ],
];

test.each(badFiles)("%s is refused with exactly this message", (_, yaml, text) => {
  expect(refusal({ "prod.yaml": yaml }).message).toBe(`environments/prod.yaml:${text}`);
});

test.each(["~> 6.0", "6.43.0", ">= 6", ">= 6.2, < 7", ">= 5.100, < 6.40"])(
  "the provider constraint %s is refused for the index bugs",
  (constraint) => {
    const [problem] = problemsOf({ "dev.yaml": inEnvironment(`awsProvider: "${constraint}"`) });
    expect(problem?.message).toContain("terraform-provider-aws/issues/44692");
  },
);

test.each(["~> 6.44", "6.50.0", ">= 5.16", "~> 5.100"])(
  "the provider constraint %s is refused as unsupported",
  (constraint) => {
    const [problem] = problemsOf({ "dev.yaml": inEnvironment(`awsProvider: "${constraint}"`) });
    expect(problem?.message).toBe(
      `${JSON.stringify(constraint)} is not a supported version constraint of the AWS provider.`,
    );
  },
);

test("one run reports every mistake of every file, sorted by file and line", () => {
  const { problems, message } = refusal({
    "prod.yaml": `${edited("region: us-east-1\n", "region: us-east1\n")}    id2: x\n`,
    "dev.yaml": edited("[Blocked]", "[]").replace("name: acme", 'name: "-"'),
    "defaults.yaml": "colour: red\nfunction: { memoryMb: 1 }\n",
    "broken.yaml": "a: [",
  });
  expect(problems.map(({ file, position, path }) => `${file}:${String(position?.line)} ${path}`)).toEqual([
    "environments/broken.yaml:1 ",
    "environments/defaults.yaml:1 colour",
    "environments/defaults.yaml:2 function.memoryMb",
    "environments/dev.yaml:4 blockedDispositions",
    "environments/dev.yaml:6 instances[0].name",
    "environments/prod.yaml:2 region",
    "environments/prod.yaml:8 instances[0].id2",
  ]);
  expect(message.split("\n")).toHaveLength(2 * problems.length);
});

test("an instance that is not a map does not hide the problems of other instances", () => {
  const yaml = `${validYaml}    function: { runtime: nodejs24.x }\n  - other\n`;
  expect(problemsOf({ "dev.yaml": yaml }).map(({ path }) => path)).toEqual([
    "instances[0].function.runtime",
    "instances[1]",
  ]);
});

test("a mistake in an outer level is reported once, at that level", () => {
  const twice = `${validYaml}  - name: other
    id: 1f0e0d0c-1b1a-4918-8716-151413121110
`;
  expect(
    problemsOf({
      "dev.yaml": `${twice}lookup: { flowTimeLimitSeconds: 1 }\ndeployRole: { arn: "arn:aws:iam::444455556666:role/deploy" }\n`,
    }).map(({ path }) => path),
  ).toEqual(["lookup.flowTimeLimitSeconds", "deployRole.arn"]);
  expect(problemsOf({ "dev.yaml": twice.replace("region: us-east-1\n", "") }).map(({ path }) => path)).toEqual([
    "region",
  ]);
});

test("a key that some instances have is reported missing only in the others", () => {
  const yaml = `${edited("region: us-east-1\n", "")}    region: us-east-1
  - name: other
    id: 1f0e0d0c-1b1a-4918-8716-151413121110
`;
  expect(refusal({ "dev.yaml": yaml }).message).toBe(
    "environments/dev.yaml:8:5  instances[1].region: The key is missing.\n  Add the AWS region of the instance, for example region: us-east-1.",
  );
});

test.each([
  ["time limit", 'lookup: { budgetMs: 3000, flowTimeLimitSeconds: "5" }', "lookup.flowTimeLimitSeconds"],
  ["budget", 'lookup: { budgetMs: "400", flowTimeLimitSeconds: 1 }', "lookup.budgetMs"],
  ["provider version", 'awsProvider: "~> 6.13"\nfunction: { runtime: nodejs24.x }', "awsProvider"],
  [
    "region",
    "    region: us-west2\ndeployRole: { arn: 'arn:aws-cn:iam::111122223333:role/deploy' }",
    "instances[0].region",
  ],
  ["map", "    lookup: 5\nlookup: { flowTimeLimitSeconds: 2 }", "instances[0].lookup"],
])("a refused %s is not replaced by an outer value", (_, lines, path) => {
  expect(problemsOf({ "dev.yaml": inEnvironment(lines) }).map((problem) => problem.path)).toEqual([path]);
});

test("an instance with a refused region does not conflict with an instance in the environment's region", () => {
  const yaml = `${validYaml}  - name: acme\n    id: 0f0e0d0c-1b1a-4918-8716-151413121110\n    region: us-west2\n`;
  expect(problemsOf({ "dev.yaml": yaml }).map(({ path }) => path)).toEqual(["instances[1].region"]);
});

test("a key that every JavaScript object has is refused", () => {
  expect(problemsOf({ "dev.yaml": inEnvironment("toString: x") })[0]?.fix).toMatch(/^Allowed here: account, /);
});

test("the place of a contradiction is the innermost of its values", () => {
  const yaml = `${validYaml}    account: "444455556666"
deployRole: { arn: "arn:aws:iam::111122223333:role/deploy" }
`;
  expect(problemsOf({ "dev.yaml": yaml }).map(({ position, path }) => [position?.line, path])).toEqual([
    [8, "instances[0].account"],
  ]);
});

test("keys that a broken defaults.yaml may contain are not reported missing", () => {
  const files = { "defaults.yaml": "account: [", "dev.yaml": edited('account: "111122223333"\n', "") };
  expect(problemsOf(files).map(({ file }) => file)).toEqual(["environments/defaults.yaml"]);
});

test("values that a broken defaults.yaml may contain cause no contradiction", () => {
  const files = { "defaults.yaml": "awsProvider: [", "dev.yaml": inEnvironment("function: { runtime: nodejs24.x }") };
  expect(problemsOf(files).map(({ file }) => file)).toEqual(["environments/defaults.yaml"]);
});

test("waves and instances are refused in defaults.yaml", () => {
  expect(refusal({ "defaults.yaml": "waves: [canary]\ninstances: []\n", "dev.yaml": validYaml }).message).toBe(
    'environments/defaults.yaml:1:1  waves: "waves" is not a key.\n  Move the key to the file of an environment.\n' +
      'environments/defaults.yaml:2:1  instances: "instances" is not a key.\n  Move the key to the file of an environment.',
  );
});

test.each(["Prod.yaml", "1st.yaml", "prod_eu.yaml", "prod.yml", "defaults.yml", ".prod.yaml"])(
  "the file name %s is refused",
  (name) => {
    expect(refusal({ [name]: validYaml }).message).toBe(
      `environments/${name}:1:1  "${name}" is not a name for an environment file.\n` +
        "  Use lower-case letters, digits and hyphens, start with a letter, and end with .yaml: prod-eu.yaml.",
    );
  },
);

test("other files and directories are ignored", () => {
  expect(load({ "dev.yaml": validYaml, "README.md": "x", "dev.yaml.orig": ":", "model/x.yaml": ":" })).toHaveLength(1);
});

test("a directory named like an environment file is refused", () => {
  expect(refusal({ "dev.yaml/x": "" }).message).toBe(
    "environments/dev.yaml:1:1  This is not a regular file.\n  Replace it with a regular file, or rename it.",
  );
});

test("a FIFO named like an environment file is refused and not read", () => {
  inDirectory({ "dev.yaml": validYaml }, (directory) => {
    execFileSync("mkfifo", [`${directory}/prod.yaml`]);
    expect(() => loadEnvironments(directory)).toThrow(
      "environments/prod.yaml:1:1  This is not a regular file.\n  Replace it with a regular file, or rename it.",
    );
  });
});

test("a device named like an environment file is refused and not read", () => {
  inDirectory({ "dev.yaml": validYaml }, (directory) => {
    symlinkSync("/dev/zero", `${directory}/prod.yaml`);
    expect(() => loadEnvironments(directory)).toThrow("environments/prod.yaml:1:1  This is not a regular file.");
  });
});

test("a link to a regular file is read", () => {
  inDirectory({ shared: validYaml }, (directory) => {
    symlinkSync(`${directory}/shared`, `${directory}/dev.yaml`);
    expect(loadEnvironments(directory).instances).toHaveLength(1);
  });
});

test.each([101, 220, 250])("an environment name of %i characters is refused", (length) => {
  expect(refusal({ [`${"e".repeat(length)}.yaml`]: validYaml }).message).toBe(
    `environments/${"e".repeat(length)}.yaml:1:1  The environment name has ${length} characters. ` +
      "At most 100 are allowed, because AWS limits the names that contain it.\n  Give the file a shorter name.",
  );
});

test("100,000 Dispositions, equal or not, are refused within seconds", () => {
  const begin = performance.now();
  for (const name of [(n: number) => `D${n}`, () => "Same"]) {
    const dispositions = Array.from({ length: 100_000 }, (_, n) => `  - ${name(n)}\n`).join("");
    expect(refusal({ "dev.yaml": edited("[Blocked]\n", `\n${dispositions}`) }).message).toBe(
      "environments/dev.yaml:5:3  blockedDispositions: The list has too many items.\n  At most 100 are allowed, and the list has 100000. Remove items.",
    );
  }
  expect(performance.now() - begin).toBeLessThan(60_000);
}, 120_000);

test("a directory without environment files is refused, with the ways to begin", () => {
  expect(refusal({ "defaults.yaml": "region: us-east-1\n" }).message).toBe(
    "environments  The directory has no environment file.\n" +
      "  To begin, let fleet write an environment file (npm run --silent fleet -- discover --region us-east-1 > environments/dev.yaml) " +
      "or copy an example (cp examples/dev.yaml environments/) and replace its values.",
  );
});

test("a missing directory is refused, with the ways to begin", () => {
  expect(() => inDirectory({}, (directory) => loadEnvironments(`${directory}/nowhere`))).toThrow(
    "nowhere  The directory of environment files does not exist.\n" +
      "  Run mkdir nowhere. To begin, let fleet write an environment file (npm run --silent fleet -- discover --region us-east-1 > nowhere/dev.yaml) " +
      "or copy an example (cp examples/dev.yaml nowhere/) and replace its values.",
  );
});

test("a file in place of the directory is refused", () => {
  expect(() => inDirectory({ file: "x" }, (directory) => loadEnvironments(`${directory}/file`))).toThrow(
    "file  The directory of environment files cannot be read (ENOTDIR).\n  Replace it with a directory that you have permission to read.",
  );
});
