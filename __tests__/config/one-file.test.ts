/** Mistakes in one environment file: each is told once, where it stands, with the value, what is allowed and what to do. */
import { edited, inDirectory, load, problemsOf, refusal, validYaml } from "./environment-files";
import { loadEnvironments } from "../../config/load";

const inInstance = (line: string) => `${validYaml}    ${line}\n`;
const inEnvironment = (lines: string) => `${validYaml}${lines}\n`;
const newer = "A region newer than this project is added to the list in config/aws-names.ts.";

/** What is wrong, the file, and the whole text that is printed. */
const badFiles: readonly (readonly [string, string | Uint8Array, string])[] = [
  // YAML itself
  ["an empty file", "", "1:1  The file is empty.\n  Fill it, or delete it."],
  ["a file of comments", "# nothing yet\n", "1:1  The file is empty.\n  Fill it, or delete it."],
  ["a list", "# one\n- a\n", '2:1  The file is a list and not a map.\n  Write "key: value" lines.'],
  ["a single value", "prod\n", '1:1  The file is a single value and not a map.\n  Write "key: value" lines.'],
  [
    "indentation with a tab",
    inEnvironment("tags:\n\towner: us"),
    "9:1  The file is not valid YAML: Tabs are not allowed as indentation.\n  Indent with spaces.",
  ],
  [
    "a quote that is not closed",
    edited("name: acme", 'name: "acme'),
    '8:1  The file is not valid YAML: Missing closing "quote.\n  Look at indentation, quotes and brackets here and in the line above.',
  ],
  [
    "a line that breaks the structure, though not every word after it",
    ` region: us-east-1\n${validYaml}exemptNumbers: ["+15555550100"]\n`,
    "2:1  The file is not valid YAML: What stands here does not fit what is before it.\n  Look at indentation, quotes and brackets here and in the line above.",
  ],
  [
    "a second document",
    inEnvironment("---\naccount: x"),
    "8:1  The file is not valid YAML: A second document begins here.\n  Remove the --- line: one file is one environment.",
  ],
  [
    "a directive, which could change what yes means",
    `%YAML 1.1\n---\n${validYaml}`,
    "1:1  YAML directives are not supported.\n  Remove the lines before the first ---.",
  ],
  [
    "bytes that are not UTF-8",
    Buffer.concat([Buffer.from("account: 1\n# caf"), Buffer.from([0xe9])]),
    "2:6  The file is not in UTF-8.\n  Save it again as UTF-8.",
  ],
  [
    "UTF-16, as some editors save it",
    Buffer.from(`\uFEFF${validYaml}`, "utf16le"),
    "1:1  The file is not in UTF-8.\n  Save it again as UTF-8.",
  ],
  [
    "a byte order mark",
    `\uFEFF${validYaml}`,
    "1:1  The file begins with a byte order mark.\n  Save it as UTF-8 without byte order mark.",
  ],
  [
    "a hundred thousand open brackets",
    `tags: ${"[".repeat(100_000)}`,
    "1:1  The file is nested more than 50 levels deep.\n  Remove the excess brackets.",
  ],
  [
    "a key twice",
    inEnvironment("region: us-west-2"),
    "8:1  region: The key stands here twice, first on line 2.\n  Remove one of the two.",
  ],
  [
    "an anchor",
    edited("region: us-east-1\n", "region: &home us-east-1\n"),
    '2:15  region: "&home" is an anchor, which is not supported.\n  Write the value out, or once for all in the level above: the environment, or defaults.yaml.',
  ],
  [
    "an alias, which is not told to be missing as well",
    edited("region: us-east-1\n", "region: *home\n"),
    '2:9  region: "*home" is an alias, which is not supported.\n  Write the value out, or once for all in the level above: the environment, or defaults.yaml.',
  ],
  [
    "an alias for an instance",
    inEnvironment("  - *other"),
    '8:5  instances[1]: "*other" is an alias, which is not supported.\n  Write the value out, or once for all in the level above: the environment, or defaults.yaml.',
  ],
  [
    "a tag of YAML",
    edited("[Blocked]", "!!set { Blocked }"),
    '4:28  blockedDispositions: "tag:yaml.org,2002:set" is a YAML tag, which is not supported.\n  Remove it.',
  ],
  [
    "a key that is a list",
    inEnvironment("? [a, b]\n: c"),
    "8:3  A key is not a word.\n  Write one word, followed by a colon.",
  ],
  [
    "a key that would change the object that holds it",
    inEnvironment("tags: { __proto__: x }"),
    "8:9  tags: A key is not a word.\n  Write one word, followed by a colon.",
  ],

  // Keys
  [
    "a mistyped key, which is not told to be missing as well",
    edited("account", "acount"),
    '1:1  acount: "acount" is not a key.\n  Did you mean "account"?',
  ],
  [
    "a mistyped key of an instance",
    edited("name: acme", "nmae: acme"),
    '6:5  instances[0].nmae: "nmae" is not a key.\n  Did you mean "name"?',
  ],
  [
    "a key that is like no other",
    inEnvironment("table: { colour: red }"),
    '8:10  table.colour: "colour" is not a key.\n  Allowed here: indexTimeoutMinutes, acceptReplicas.',
  ],
  [
    "a key of one instance given for the environment",
    inEnvironment("tableName: dextr-other"),
    '8:1  tableName: "tableName" is not a key.\n  It belongs to one instance: put it below instances.',
  ],
  [
    "a merge key",
    inInstance("<<: { region: us-east-1 }"),
    '8:5  instances[0]["<<"]: "<<" is not a key.\n  Allowed here: name, id, tableName, wave, suspended, release, adoptExisting, account, region, awsProvider, deployRole, planRole, state, tags, ' +
      "allowances, blockedDispositions, anonymousCallers, exemptNumbers, lookup, inboundFlow, function, alarms, table.",
  ],
  [
    "a key without value",
    edited('account: "111122223333"', "account:"),
    "1:1  account: The key has no value.\n  Give it one, or remove the line.",
  ],

  // What is missing
  [
    "no account",
    edited('account: "111122223333"\n', ""),
    '1:1  account: The key is missing.\n  Add the 12-digit AWS account id in quotes, for example account: "111122223333".',
  ],
  [
    "no region",
    edited("region: us-east-1\n", ""),
    "1:1  region: The key is missing.\n  Add the instance's AWS region, for example region: us-east-1.",
  ],
  [
    "no state bucket",
    edited("bucket: acme-state, ", ""),
    "3:8  state.bucket: The key is missing.\n  Add the S3 bucket for Terraform's state.",
  ],
  [
    "no region of the state bucket",
    edited(", region: us-east-1 }", " }"),
    "3:8  state.region: The key is missing.\n  Add the AWS region of the state bucket.",
  ],
  [
    "no Disposition",
    edited("blockedDispositions: [Blocked]\n", ""),
    '1:1  blockedDispositions: The key is missing.\n  Add what an agent chooses to block a caller, for example blockedDispositions: ["Blocked"].',
  ],
  [
    "an instance without name",
    edited("name: acme\n    ", ""),
    "6:5  instances[0].name: The key is missing.\n  Add the Connect instance's alias, as in the table's name dextr-<name>.",
  ],
  [
    "an instance without id",
    edited("    id: 0f0e0d0c-1b1a-4918-8716-151413121110\n", ""),
    "6:5  instances[0].id: The key is missing.\n  Add the Connect instance's ARN or id; the Connect console shows it.",
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
    "1:10  account: 011122223333 without quotes is a number to YAML, not text.\n  Quote it.",
  ],
  [
    "an account without quotes",
    edited('"111122223333"', "111122223333"),
    "1:10  account: 111122223333 without quotes is a number to YAML, not text.\n  Quote it.",
  ],
  [
    "a name that YAML takes for a boolean",
    edited("name: acme", "name: true"),
    "6:11  instances[0].name: true without quotes is a boolean to YAML, not text.\n  Quote it.",
  ],
  [
    "a map in place of text",
    edited("name: acme", "name: { acme: 1 }"),
    "6:11  instances[0].name: a map is not text.\n  Give one value, in quotes.",
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
    "a region of nowhere",
    edited("region: us-east-1\n", "region: Virginia\n"),
    '2:9  region: "Virginia" is not an AWS region.\n  Give its code, for example "us-east-1".',
  ],
  [
    "an account with hyphens",
    edited("111122223333", "1111-2222-3333"),
    '1:10  account: "1111-2222-3333" is not an AWS account id.\n  Give its 12 digits in quotes, without hyphens.',
  ],
  [
    "a provider line with the index bugs",
    inEnvironment('awsProvider: "~> 6.13"'),
    '8:14  awsProvider: "~> 6.13" lets in AWS provider 6.0 to 6.43, which plan changes to indexes that nobody changed ' +
      "(https://github.com/hashicorp/terraform-provider-aws/issues/44692 and /46322).\n" +
      '  Allowed: "~> 5.100.0" (the default) and ">= 6.44, < 7".',
  ],
  [
    "a provider line that nobody tested",
    inEnvironment('awsProvider: "~> 7.0"'),
    '8:14  awsProvider: "~> 7.0" is not a supported line of the AWS provider.\n  Allowed: "~> 5.100.0" (the default) and ">= 6.44, < 7".',
  ],
  [
    "a role that is a name and not an ARN",
    inEnvironment("deployRole: { arn: deployer }"),
    '8:20  deployRole.arn: "deployer" is not the ARN of an IAM role.\n  Write it as "arn:aws:iam::111122223333:role/NAME".',
  ],
  [
    "a role without ARN",
    inEnvironment("deployRole: { externalId: abc }"),
    "8:13  deployRole: The arn of the role is missing.\n  Add the ARN of the role to assume, or remove deployRole.",
  ],
  [
    "a plan role without ARN",
    inEnvironment("planRole: { externalId: abc }"),
    "8:11  planRole: The arn of the role is missing.\n  Add the ARN of the role to assume, or remove planRole.",
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
      '  Write it as "arn:aws:kms:REGION:ACCOUNT:key/ID", with the key\'s id and not an alias.',
  ],
  [
    "an endpoint with a password, which is not shown",
    edited("bucket: acme-state", "bucket: acme-state, endpoint: 'https://me:secret@s3.example.com'"),
    "3:40  state.endpoint: The value is not the address of an S3-compatible store.\n" +
      '  Write it as "https://HOST" or "https://HOST:PORT", without user, password, path or query.',
  ],
  [
    "a key of a tag that AWS keeps for itself",
    inEnvironment('tags: { "aws:owner": us }'),
    '8:9  tags["aws:owner"]: "aws:owner" is not a key for a tag.\n' +
      '  Use 1 to 128 letters, digits, spaces and the characters _.:/=+-@, not beginning with "aws:".',
  ],
  [
    "a value of a tag with a line break",
    inEnvironment('tags: { owner: "a\\nb" }'),
    '8:16  tags.owner: "a\\nb" is not a value for a tag.\n  Use at most 256 letters, digits, spaces and the characters _.:/=+-@.',
  ],
  [
    "no Disposition in the list",
    edited("[Blocked]", "[]"),
    '4:22  blockedDispositions: The list is empty, so no call would ever be blocked.\n  Name at least one, for example ["Blocked"].',
  ],
  [
    "a Disposition with a space at the end",
    edited("[Blocked]", '["Blocked "]'),
    '4:23  blockedDispositions[0]: "Blocked " begins or ends with white space.\n' +
      "  The match is exact, so it would match no contact: write the Disposition as ConnectPath stores it.",
  ],
  [
    "an empty Disposition",
    edited("[Blocked]", '[Blocked, ""]'),
    '4:32  blockedDispositions[1]: "" is empty.\n' +
      "  The match is exact, so it would match no contact: write the Disposition as ConnectPath stores it.",
  ],
  [
    "a Disposition longer than a key of DynamoDB",
    edited("Blocked", "é".repeat(1025)),
    `4:23  blockedDispositions[0]: "${"é".repeat(99)}… (1027 characters) has 2050 bytes in UTF-8.\n` +
      "  DynamoDB takes 2048 bytes of a key, so no contact can have it: shorten it.",
  ],
  [
    "a Disposition twice",
    edited("[Blocked]", "[Blocked, Nuisance, Blocked]"),
    '4:42  blockedDispositions[2]: "Blocked" stands in the list twice, first as item 0.\n  Remove one of the two.',
  ],
  [
    "a policy that does not exist",
    inEnvironment("anonymousCallers: reject"),
    '8:19  anonymousCallers: "reject" is not a policy for withheld numbers.\n  Allowed: "allow" (the default) and "block".',
  ],
  [
    "an exempt number without quotes, whose digits are not shown",
    inEnvironment("exemptNumbers: [+15555550100]"),
    "8:17  exemptNumbers[0]: +xxxxxxxxxxx without quotes is a number to YAML, not text.\n  Quote it.",
  ],
  [
    "an exempt number as people write it, whose digits are not shown",
    inEnvironment('exemptNumbers: ["+15555550100", "(555) 555-0101"]'),
    '8:33  exemptNumbers[1]: "(xxx) xxx-xxxx" is not an international number, nor a prefix of one.\n' +
      '  Write a number as "+15555550100" and a prefix as "+1555*", with country code, without spaces and hyphens.',
  ],
  [
    "a telephone number in the wrong place, whose digits are not shown either",
    edited("name: acme", 'name: "+15555550100"'),
    '6:11  instances[0].name: "+xxxxxxxxxxx" is not the alias of a Connect instance.\n' +
      '  Use 1 to 45 letters, digits and inner hyphens, not beginning with "d-", exactly as in the table\'s name dextr-<name>.',
  ],
  [
    "a fraction",
    inInstance("lookup: { budgetMs: 1500.5 }"),
    "8:25  instances[0].lookup.budgetMs: 1500.5 is not a whole number of milliseconds from 100 to 7500.\n  Give one without quotes and unit.",
  ],
  [
    "a number with its unit",
    inInstance("table: { indexTimeoutMinutes: 1440m }"),
    '8:35  instances[0].table.indexTimeoutMinutes: "1440m" is not a whole number of minutes from 20 to 10080.\n  Give one without quotes and unit.',
  ],
  [
    "a time limit that a flow block cannot have",
    inInstance("lookup: { flowTimeLimitSeconds: 9 }"),
    "8:37  instances[0].lookup.flowTimeLimitSeconds: 9 is not a whole number of seconds from 1 to 8.\n  Give one without quotes and unit.",
  ],
  [
    "a runtime that AWS has withdrawn",
    inInstance("function: { runtime: nodejs20.x }"),
    '8:26  instances[0].function.runtime: "nodejs20.x" is a runtime that AWS has deprecated: no function can be created with it.\n' +
      '  Allowed: "nodejs22.x" (the default) and, with awsProvider ">= 6.44, < 7", "nodejs24.x".',
  ],
  [
    "a runtime of another language",
    inInstance("function: { runtime: python3.13 }"),
    '8:26  instances[0].function.runtime: "python3.13" is not a runtime that the function is built and tested for.\n' +
      '  Allowed: "nodejs22.x" (the default) and, with awsProvider ">= 6.44, < 7", "nodejs24.x".',
  ],
  [
    "a retention that CloudWatch does not offer",
    inInstance("function: { logRetentionDays: 31 }"),
    "8:35  instances[0].function.logRetentionDays: 31 is not a retention that CloudWatch Logs offers.\n" +
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
    "an instance that is named like a directory",
    edited("name: acme", "name: d-acme"),
    '6:11  instances[0].name: "d-acme" is not the alias of a Connect instance.\n' +
      '  Use 1 to 45 letters, digits and inner hyphens, not beginning with "d-", exactly as in the table\'s name dextr-<name>.',
  ],
  [
    "an instance's name of 46 characters",
    edited("name: acme", `name: ${"a".repeat(46)}`),
    `6:11  instances[0].name: "${"a".repeat(46)}" is not the alias of a Connect instance.\n` +
      '  Use 1 to 45 letters, digits and inner hyphens, not beginning with "d-", exactly as in the table\'s name dextr-<name>.',
  ],
  [
    "an ARN that is not an instance's",
    edited("id: ", "id: arn:aws:connect:us-east-1:111122223333:instances/"),
    '7:9  instances[0].id: "arn:aws:connect:us-east-1:111122223333:instances/0f0e0d0c-1b1a-4918-8716-151413121110" is not the id or ARN of a Connect instance.\n' +
      "  Copy the instance ARN from the Connect console, or take the lower-case UUID at its end.",
  ],

  // Values that contradict each other
  [
    "an instance ARN of another account and region",
    edited("id: ", "id: arn:aws:connect:us-west-2:444455556666:instance/"),
    '7:9  instances[0].id: "arn:aws:connect:us-west-2:444455556666:instance/0f0e0d0c-1b1a-4918-8716-151413121110" is of account 444455556666 and region us-west-2, ' +
      "but the instance is in account 111122223333 and region us-east-1.\n  Correct the one that is wrong.",
  ],
  [
    "an instance ARN of another partition",
    edited("id: ", "id: arn:aws-us-gov:connect:us-east-1:111122223333:instance/"),
    '7:9  instances[0].id: "arn:aws-us-gov:connect:us-east-1:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110" is of partition aws-us-gov, ' +
      "but the instance is in partition aws.\n  Correct the one that is wrong.",
  ],
  [
    "a deploy role of another account",
    inEnvironment("deployRole: { arn: 'arn:aws:iam::444455556666:role/deploy' }"),
    '8:20  deployRole.arn: "arn:aws:iam::444455556666:role/deploy" is of account 444455556666, but the instance is in account 111122223333.\n' +
      "  Correct the one that is wrong.",
  ],
  [
    "a plan role of another account",
    inEnvironment("planRole: { arn: 'arn:aws:iam::444455556666:role/plan' }"),
    '8:18  planRole.arn: "arn:aws:iam::444455556666:role/plan" is of account 444455556666, but the instance is in account 111122223333.\n' +
      "  Correct the one that is wrong.",
  ],
  [
    "a state role of another partition",
    edited("bucket: acme-state", "bucket: acme-state, roleArn: 'arn:aws-cn:iam::444455556666:role/state'"),
    '3:39  state.roleArn: "arn:aws-cn:iam::444455556666:role/state" is of partition aws-cn, but the instance is in partition aws.\n' +
      "  Correct the one that is wrong.",
  ],
  [
    "a role that reads the state, of another partition",
    edited("bucket: acme-state", "bucket: acme-state, planRoleArn: 'arn:aws-cn:iam::444455556666:role/state'"),
    '3:43  state.planRoleArn: "arn:aws-cn:iam::444455556666:role/state" is of partition aws-cn, but the instance is in partition aws.\n' +
      "  Correct the one that is wrong.",
  ],
  [
    "a KMS key of another region than the bucket",
    edited(
      "bucket: acme-state",
      "bucket: acme-state, kmsKeyArn: 'arn:aws:kms:us-west-2:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110'",
    ),
    '3:41  state.kmsKeyArn: "arn:aws:kms:us-west-2:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110" is of region us-west-2, ' +
      "but the state bucket is in region us-east-1.\n  Correct the one that is wrong.",
  ],
  [
    "a state in another partition than GovCloud's",
    edited(
      "region: us-east-1\nstate: { bucket: acme-state, region: us-east-1 }",
      "region: us-gov-west-1\nstate: { bucket: acme-state, region: eu-west-1 }",
    ),
    '3:38  state.region: The state is in "eu-west-1" (partition aws), but the instance is in "us-gov-west-1" (partition aws-us-gov): no credentials are of both.\n' +
      '  Name a state bucket in a region of aws-us-gov, for example "us-gov-west-1".',
  ],
  [
    "a state in another partition than China's",
    edited(
      "region: us-east-1\nstate: { bucket: acme-state, region: us-east-1 }",
      "region: cn-north-1\nstate: { bucket: acme-state, region: eu-west-1 }",
    ),
    '3:38  state.region: The state is in "eu-west-1" (partition aws), but the instance is in "cn-north-1" (partition aws-cn): no credentials are of both.\n' +
      '  Name a state bucket in a region of aws-cn, for example "cn-north-1".',
  ],
  [
    "an instance in another partition than the environment's state",
    `${validYaml}    region: us-gov-west-1\n`,
    '8:13  instances[0].region: The state is in "us-east-1" (partition aws), but the instance is in "us-gov-west-1" (partition aws-us-gov): no credentials are of both.\n' +
      '  Name a state bucket in a region of aws-us-gov, for example "us-gov-west-1".',
  ],
  [
    "a lookup that may take as long as the flow waits",
    inEnvironment("lookup: { budgetMs: 2600, flowTimeLimitSeconds: 3 }"),
    "8:21  lookup.budgetMs: A budgetMs of 2600 leaves less than 500 ms of a flowTimeLimitSeconds of 3: the flow would give up before the answer.\n" +
      "  Lower budgetMs to 2500 or less, or raise flowTimeLimitSeconds (8 at most).",
  ],
  [
    "a time limit too short for the default budget",
    inInstance("lookup: { flowTimeLimitSeconds: 1 }"),
    "8:37  instances[0].lookup.flowTimeLimitSeconds: A budgetMs of 1500 leaves less than 500 ms of a flowTimeLimitSeconds of 1: the flow would give up before the answer.\n" +
      "  Lower budgetMs to 500 or less, or raise flowTimeLimitSeconds (8 at most).",
  ],
  [
    "a runtime that the provider line does not know",
    inInstance("function: { runtime: nodejs24.x }"),
    '8:26  instances[0].function.runtime: The runtime "nodejs24.x" is not known to the AWS provider "~> 5.100.0".\n' +
      '  Use runtime "nodejs22.x", or awsProvider ">= 6.44, < 7".',
  ],
  [
    "names that make the role's name too long",
    edited("name: acme", `name: ${"a".repeat(43)}\n    alarms: { canaryRoleName: canary }`),
    `6:11  instances[0].name: The role's name "blockedCalls-${"a".repeat(43)}-us-east-1" has 66 characters, and IAM allows 64.\n` +
      "  Give this instance a shorter one as function.roleName.",
  ],
  [
    "names that make the canary's names too long",
    edited("name: acme", `name: ${"a".repeat(45)}\n    function: { roleName: role }`),
    `6:11  instances[0].name: The canary's name "blockedCalls-canary-${"a".repeat(45)}" has 65 characters, and Lambda allows 64.\n` +
      "  Give this instance a shorter one as alarms.canaryName.\n" +
      `environments/prod.yaml:6:11  instances[0].name: The canary's role's name "blockedCalls-canary-${"a".repeat(45)}-us-east-1" has 75 characters, and IAM allows 64.\n` +
      "  Give this instance a shorter one as alarms.canaryRoleName.",
  ],
  [
    "a threshold in quotes",
    edited("instances:", 'alarms: { lookupErrors: "5" }\ninstances:'),
    '5:25  alarms.lookupErrors: "5" is not a whole number of errors from 1 to 10000, nor false.\n  Remove the quotes.',
  ],
  [
    "an alarm that is switched on without a threshold",
    edited("instances:", "alarms: { silentCalls: true }\ninstances:"),
    "5:24  alarms.silentCalls: true is not a whole number of calls from 1 to 100000, nor false.\n  Give one without quotes and unit, or false for no such alarm.",
  ],
  [
    "days that CloudWatch does not look back",
    edited("instances:", "alarms: { neverMatchesDays: 8 }\ninstances:"),
    "5:29  alarms.neverMatchesDays: 8 is not a whole number of days from 1 to 7, nor false.\n  Give one without quotes and unit, or false for no such alarm.",
  ],
  [
    "an unknown alarm",
    edited("instances:", "alarms: { lookupError: 5 }\ninstances:"),
    '5:11  alarms.lookupError: "lookupError" is not a key.\n  Did you mean "lookupErrors"?',
  ],
  [
    "an address of the runbook with an anchor",
    edited("instances:", 'alarms: { runbookUrl: "https://wiki.example.com/#runbook" }\ninstances:'),
    '5:23  alarms.runbookUrl: "https://wiki.example.com/#runbook" is not where the runbook is.\n  Give a URL or a path, without an anchor, spaces, quotes and braces.',
  ],
  [
    "a topic in another region",
    edited("instances:", 'alarms: { topicArn: "arn:aws:sns:us-west-2:111122223333:alarms" }\ninstances:'),
    '5:21  alarms.topicArn: "arn:aws:sns:us-west-2:111122223333:alarms" is of region us-west-2, but the instance is in region us-east-1.\n  Correct the one that is wrong.',
  ],
];

test.each(badFiles)("%s is refused, and that is all there is to say", (_, yaml, text) => {
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
  "the provider constraint %s is refused, though not for the index bugs",
  (constraint) => {
    const [problem] = problemsOf({ "dev.yaml": inEnvironment(`awsProvider: "${constraint}"`) });
    expect(problem?.message).toBe(`${JSON.stringify(constraint)} is not a supported line of the AWS provider.`);
  },
);

test("every mistake of every file is told in one run, by file and line", () => {
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

test("an instance that is no map keeps nothing from being told about the others", () => {
  const yaml = `${validYaml}    function: { runtime: nodejs24.x }\n  - other\n`;
  expect(problemsOf({ "dev.yaml": yaml }).map(({ path }) => path)).toEqual([
    "instances[0].function.runtime",
    "instances[1]",
  ]);
});

test("a mistake at a level is told once, at that level, however many instances inherit it", () => {
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

test("a key that some instances give is missing in the others alone", () => {
  const yaml = `${edited("region: us-east-1\n", "")}    region: us-east-1
  - name: other
    id: 1f0e0d0c-1b1a-4918-8716-151413121110
`;
  expect(refusal({ "dev.yaml": yaml }).message).toBe(
    "environments/dev.yaml:8:5  instances[1].region: The key is missing.\n  Add the instance's AWS region, for example region: us-east-1.",
  );
});

test.each([
  ["a time limit", 'lookup: { budgetMs: 3000, flowTimeLimitSeconds: "5" }', "lookup.flowTimeLimitSeconds"],
  ["a budget", 'lookup: { budgetMs: "400", flowTimeLimitSeconds: 1 }', "lookup.budgetMs"],
  ["a provider line", 'awsProvider: "~> 6.13"\nfunction: { runtime: nodejs24.x }', "awsProvider"],
  [
    "a region",
    "    region: us-west2\ndeployRole: { arn: 'arn:aws-cn:iam::111122223333:role/deploy' }",
    "instances[0].region",
  ],
  ["a whole map", "    lookup: 5\nlookup: { flowTimeLimitSeconds: 2 }", "instances[0].lookup"],
])("%s that is refused is not replaced by an outer value that would contradict others", (_, lines, path) => {
  expect(problemsOf({ "dev.yaml": inEnvironment(lines) }).map((problem) => problem.path)).toEqual([path]);
});

test("an instance whose region is refused does not clash with one in its environment's region", () => {
  const yaml = `${validYaml}  - name: acme\n    id: 0f0e0d0c-1b1a-4918-8716-151413121110\n    region: us-west2\n`;
  expect(problemsOf({ "dev.yaml": yaml }).map(({ path }) => path)).toEqual(["instances[1].region"]);
});

test("a key that every object has is still no key", () => {
  expect(problemsOf({ "dev.yaml": inEnvironment("toString: x") })[0]?.fix).toMatch(/^Allowed here: account, /);
});

test("a contradiction stands where the innermost of the two values is given", () => {
  const yaml = `${validYaml}    account: "444455556666"
deployRole: { arn: "arn:aws:iam::111122223333:role/deploy" }
`;
  expect(problemsOf({ "dev.yaml": yaml }).map(({ position, path }) => [position?.line, path])).toEqual([
    [8, "instances[0].account"],
  ]);
});

test("what a broken defaults.yaml may have given is not called missing", () => {
  const files = { "defaults.yaml": "account: [", "dev.yaml": edited('account: "111122223333"\n', "") };
  expect(problemsOf(files).map(({ file }) => file)).toEqual(["environments/defaults.yaml"]);
});

test("what a broken defaults.yaml may have given contradicts nothing", () => {
  const files = { "defaults.yaml": "awsProvider: [", "dev.yaml": inEnvironment("function: { runtime: nodejs24.x }") };
  expect(problemsOf(files).map(({ file }) => file)).toEqual(["environments/defaults.yaml"]);
});

test("waves and instances do not belong in defaults.yaml", () => {
  expect(refusal({ "defaults.yaml": "waves: [canary]\ninstances: []\n", "dev.yaml": validYaml }).message).toBe(
    'environments/defaults.yaml:1:1  waves: "waves" is not a key.\n  It belongs in the file of an environment.\n' +
      'environments/defaults.yaml:2:1  instances: "instances" is not a key.\n  It belongs in the file of an environment.',
  );
});

test.each(["Prod.yaml", "1st.yaml", "prod_eu.yaml", "prod.yml", "defaults.yml", ".prod.yaml"])(
  "%s is not a name for an environment's file",
  (name) => {
    expect(refusal({ [name]: validYaml }).message).toBe(
      `environments/${name}:1:1  "${name}" is not a name for the file of an environment.\n` +
        "  Use lower-case letters, digits and hyphens, a letter first, and .yaml: prod-eu.yaml.",
    );
  },
);

test("other files and directories are left alone", () => {
  expect(load({ "dev.yaml": validYaml, "README.md": "x", "dev.yaml.orig": ":", "model/x.yaml": ":" })).toHaveLength(1);
});

test("a directory that is named like a file is a problem and not a crash", () => {
  expect(refusal({ "dev.yaml/x": "" }).message).toBe(
    "environments/dev.yaml:1:1  The file cannot be read (EISDIR).\n  It must be a file that you may read.",
  );
});

test("a directory without environment files says what to create", () => {
  expect(refusal({ "defaults.yaml": "region: us-east-1\n" }).message).toBe(
    "environments  The directory has no environment file.\n" +
      "  To begin, let fleet write one (npm run --silent fleet -- discover --region us-east-1 > environments/dev.yaml) " +
      "or copy an example (cp examples/dev.yaml environments/) and replace its values.",
  );
});

test("a missing directory is refused, with the ways to begin", () => {
  expect(() => inDirectory({}, (directory) => loadEnvironments(`${directory}/nowhere`))).toThrow(
    "nowhere  The directory of environment files does not exist.\n" +
      "  Run mkdir nowhere. To begin, let fleet write one (npm run --silent fleet -- discover --region us-east-1 > nowhere/dev.yaml) " +
      "or copy an example (cp examples/dev.yaml nowhere/) and replace its values.",
  );
});

test("a file in place of the directory is refused", () => {
  expect(() => inDirectory({ file: "x" }, (directory) => loadEnvironments(`${directory}/file`))).toThrow(
    "file  The directory of environment files cannot be read (ENOTDIR).\n  It must be a directory that you may read.",
  );
});
