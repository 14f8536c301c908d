/** Declares every key of an environment file. Validation, types, defaults, provenance, schema.json and the reference derive from it. */
import { z } from "zod";
import * as names from "./aws-names";
import { fill, group, key } from "./declaration";
import type { Resolved } from "./declaration";
import { didYouMean } from "./did-you-mean";
import { guardRuleIds, neverAllowed } from "./guard-rules";
import { show } from "./problems";

/** The message of a refused value: the problem on the first line, the fix on the second. */
function refusal(problem: string | ((given: unknown) => string), fix: string | ((given: unknown) => string)) {
  return {
    error: ({ input }: { readonly input?: unknown }): string =>
      `${typeof problem === "string" ? `${show(input)} is not ${problem}` : problem(input)}.\n${typeof fix === "string" ? fix : fix(input)}`,
  };
}

const text = (pattern: RegExp, expected: string, fix: string | ((given: unknown) => string)) =>
  z.string().regex(pattern, refusal(expected, fix));

function wholeNumber(min: number, max: number, unit: string) {
  const refused = refusal(`a whole number of ${unit} from ${min} to ${max}`, (given) =>
    typeof given === "string" && /^\d+$/.test(given) ? "Remove the quotes." : "Write digits only: no quotes, no unit.",
  );
  return z.int(refused).min(min, refused).max(max, refused);
}

/** The threshold of an alarm, or `false` for no such alarm. */
function threshold(min: number, max: number, unit: string) {
  const fix = (given: unknown): string =>
    typeof given === "string" && /^(\d+|false)$/.test(given)
      ? "Remove the quotes."
      : "Write digits only (no quotes, no unit), or false for no such alarm.";
  const refused = refusal(
    (given) => `${show(given)} is neither a whole number of ${unit} from ${min} to ${max} nor false`,
    fix,
  );
  return z.union([z.int(refused).min(min, refused).max(max, refused), z.literal(false)], refused);
}

const region = z.enum(
  names.regions,
  refusal("an AWS region", (given) => {
    const near = typeof given === "string" ? didYouMean(given, names.regions) : undefined;
    const suggestion = near === undefined ? [] : [`Did you mean "${near}"?`];
    // A value with the form of a region may be a region that AWS opened after this list was written.
    const addition = /^[a-z]{2}(-[a-z]+){1,2}-\d$/.test(String(given))
      ? ["If AWS opened this region recently, add the region to the list in config/aws-names.ts."]
      : [];
    return [...suggestion, ...addition].join(" ") || 'Use a region code, for example "us-east-1".';
  }),
);

const roleArn = text(
  /^arn:(aws|aws-us-gov|aws-cn):iam::\d{12}:role\/[\w+=,.@/-]+$/,
  "the ARN of an IAM role",
  'Write it as "arn:aws:iam::111122223333:role/NAME".',
);

const kmsKeyArn = text(
  /^arn:(aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:\d{12}:key\/(mrk-[a-f0-9]{32}|[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12})$/,
  "the ARN of a KMS key",
  'Write it as "arn:aws:kms:REGION:ACCOUNT:key/ID". Use the key id, not an alias.',
);

/** A role to assume. */
function role(name: string, description: string, otherwise: string) {
  return key(
    z.strictObject({
      arn: key(roleArn, "ARN of the role.", { required: `Add the ARN of the role to assume, or remove ${name}.` }),
      externalId: key(
        text(
          /^[\w+=,.@:/-]{2,1224}$/,
          "an external id",
          "Use 2 to 1224 letters, digits and the characters _+=,.@:/-, as in the role's trust policy.",
        ),
        "External id that the role's trust policy requires.",
        { otherwise: "none" },
      ),
    }),
    description,
    { otherwise },
  );
}

const awsProvider = z.enum(
  ["~> 5.100.0", ">= 6.44, < 7"],
  refusal((given) => {
    const minor = /(?<![\d.])6(?:\.(\d+))?/.exec(String(given));
    return minor !== null && Number(minor[1] ?? 0) < 44
      ? `${show(given)} allows AWS provider 6.0 to 6.43, which has index bugs ` +
          "(https://github.com/hashicorp/terraform-provider-aws/issues/44692 and /46322)"
      : `${show(given)} is not a supported version constraint of the AWS provider`;
  }, 'Allowed: "~> 5.100.0" (the default) and ">= 6.44, < 7".'),
);

const deprecatedRuntime = /^nodejs(|[468]\.\d+|1\d\.x|20\.x)$/;
const runtime = z.enum(
  ["nodejs22.x", "nodejs24.x"],
  refusal(
    (given) =>
      deprecatedRuntime.test(String(given))
        ? `${show(given)} is a deprecated runtime: AWS Lambda creates no function with it`
        : `${show(given)} is not a supported runtime`,
    'Allowed: "nodejs22.x" (the default) and, with awsProvider ">= 6.44, < 7", "nodejs24.x".',
  ),
);

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Text that Terraform does not change: Terraform converts every string to NFC. */
const normalizedText = z.string().refine(
  (value) => value === value.normalize("NFC") && !/\p{Surrogate}/u.test(value),
  refusal(
    (given) => `${show(given)} is not in Unicode normalization form C (NFC), so Terraform would change it`,
    "Type the text again. If ConnectPath stores the text in this form, change the text in ConnectPath too.",
  ),
);

/** Text that becomes part of a flow. flows/literal-text.ts has the same rules. Here, an error shows the file and the line. */
const flowText = normalizedText.refine(
  (value) => !/\$[.[]/.test(value),
  refusal(
    (given) => `${show(given)} contains "$." or "$[", which Connect reads as a reference to contact data`,
    "The flow language has no escape for these characters. Write the text without them (in SSML, &#36; is a dollar sign).",
  ),
);

/** Maximum of a DynamoDB partition key, in bytes. The Disposition is the partition key of the index. */
const maxDispositionBytes = 2048;
const disposition = flowText
  .regex(
    /^(?!\s)[\s\S]*\S$/,
    refusal(
      (given) =>
        String(given).trim() === "" ? `${show(given)} is empty` : `${show(given)} starts or ends with white space`,
      "The comparison is exact, so no contact would match. Write the Disposition exactly as ConnectPath stores it.",
    ),
  )
  .refine(
    (value) => Buffer.byteLength(value) <= maxDispositionBytes,
    refusal(
      (given) => `${show(given)} has ${Buffer.byteLength(String(given))} bytes in UTF-8`,
      `A DynamoDB key has at most ${maxDispositionBytes} bytes, so no contact can have this Disposition. Shorten the Disposition.`,
    ),
  );

/** A list of at most `limit` items without duplicates. The later of two equal items is refused. */
function list<T extends z.ZodType<string>>(item: T, limit: number) {
  return z.array(item).superRefine((values, context) => {
    if (values.length > limit) {
      const message = `The list has too many items.\nAt most ${limit} are allowed, and the list has ${values.length}. Remove items.`;
      context.addIssue({ code: "custom", message });
      return;
    }
    const firstIndex = new Map<string, number>();
    for (const [index, value] of values.entries()) {
      const first = firstIndex.get(value);
      if (first === undefined) {
        firstIndex.set(value, index);
      } else {
        const message = `${show(value)} is in the list twice. The first one is item ${first}.\nRemove one of them.`;
        context.addIssue({ code: "custom", message, path: [index] });
      }
    }
  });
}

const nonEmptyList = (item: z.ZodType<string>, limit: number, what: string) =>
  list(item, limit).min(
    1,
    refusal(() => "The list is empty", `Add at least one ${what}.`),
  );

/** Id of a resource of EC2: `subnet-0123456789abcdef0`. */
const resourceId = (prefix: string, what: string) =>
  text(
    new RegExp(`^${prefix}-([a-f0-9]{8}|[a-f0-9]{17})$`),
    `the id of a ${what}`,
    `Write it as "${prefix}-0123456789abcdef0".`,
  );

/** Id or ARN of a resource in a Connect instance, such as a queue. */
function connectId(what: string, arnPart: string) {
  const id = "[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}";
  return text(
    new RegExp(`^(arn:(aws|aws-us-gov|aws-cn):connect:[a-z0-9-]+:\\d{12}:instance/${id}/${arnPart}/)?${id}$`),
    `the id or ARN of a Connect ${what}`,
    `Copy the ARN from the ${what}'s page in the Connect console, or use the UUID at the end of the ARN, in lower case.`,
  );
}

const notBlank = [/\S/, refusal(() => "The text is empty", "Write the words that a blocked caller hears.")] as const;

/** https://docs.aws.amazon.com/polly/latest/dg/limits.html; a longer plain text is split into several prompts. */
const maxSpoken = 3000;
const spokenLength = (ssml: string): number => ssml.replace(/<[^>]*>/g, "").length;

const whenBlocked = z.strictObject({
  action: key(
    z.enum(
      ["disconnect", "message", "queue", "flow"],
      refusal("an action", 'Allowed: "disconnect" (the default), "message", "queue" and "flow".'),
    ),
    "What happens to the call: disconnect it, play a message and disconnect it, or transfer it to a queue or another flow.",
    { default: "disconnect" },
  ),
  text: key(
    normalizedText.regex(...notBlank),
    "For the action message: the text that Amazon Polly speaks before the call is disconnected.",
    { otherwise: "none" },
  ),
  ssml: key(
    flowText.regex(...notBlank).refine(
      (value) => spokenLength(value) <= maxSpoken && value.length <= 2 * maxSpoken,
      refusal(
        (given) =>
          `The SSML has ${spokenLength(String(given))} characters without markup and ${String(given).length} with markup`,
        `Amazon Polly allows at most ${maxSpoken} without markup and ${2 * maxSpoken} with markup. Shorten the SSML.`,
      ),
    ),
    "For the action message, instead of whenBlocked.text: the text in Speech Synthesis Markup Language (SSML).",
    { otherwise: "none" },
  ),
  queue: key(connectId("queue", "queue"), "For the action queue: id or ARN of the queue.", { otherwise: "none" }),
  flow: key(connectId("flow", "contact-flow"), "For the action flow: id or ARN of the flow.", { otherwise: "none" }),
});

/** Guard rules that an allowance can disable. */
const allowableRules = guardRuleIds.filter((rule) => neverAllowed(rule) === undefined);

const allowedRule = z.enum(
  allowableRules,
  refusal(
    (given) => {
      const never = guardRuleIds.find((rule) => rule === given && !allowableRules.includes(rule));
      return never === undefined
        ? `${show(given)} is not a guard rule`
        : `No allowance can disable the guard rule ${show(given)}: ${neverAllowed(never) ?? ""}`;
    },
    (given) => {
      const near = typeof given === "string" ? didYouMean(given, allowableRules) : undefined;
      return near === undefined ? `Allowed: ${allowableRules.join(", ")}.` : `Did you mean "${near}"?`;
    },
  ),
);

const notADate = refusal("a calendar date", 'Write the last valid day as "YYYY-MM-DD".');
const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, notADate)
  .refine((value) => {
    const time = new Date(`${value}T00:00:00Z`);
    // JavaScript reads 30 February as a day in March.
    return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(value);
  }, notADate);

const allowance = z.strictObject({
  resource: key(
    text(
      /^[a-z][a-z0-9_]*\.[A-Za-z_][\w-]*(\[(\d+|"[^"]+")\])?$/,
      "the address of a Terraform resource",
      'Copy it from the review, for example "aws_cloudwatch_log_group.blocked_calls".',
    ),
    "Terraform address of the one resource that the allowance is for.",
    {
      required:
        'Add the address of the resource from the review, for example "aws_cloudwatch_log_group.blocked_calls".',
    },
  ),
  rule: key(allowedRule, "Guard rule that is disabled for the resource.", {
    required: "Add the guard rule from the review, for example deletion.",
  }),
  reason: key(
    text(
      /^(?=.*\S)[^\p{Cc}]{1,300}$/u,
      "a reason for the reviewers of the plan",
      "Write one line of at most 300 characters that says why the change is safe.",
    ),
    "Why the change is safe. The review shows it.",
    { required: "Add the reason for the reviewers of the plan." },
  ),
  until: key(date, "Last day on which the allowance is valid, as YYYY-MM-DD in UTC.", {
    required: "Add the last valid day as YYYY-MM-DD: every allowance expires.",
  }),
});

const tagKey = text(
  /^(?![aA][wW][sS]:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u,
  "a tag key",
  'Use 1 to 128 letters, digits, spaces and the characters _.:/=+-@. The key must not start with "aws:".',
);

const lambdaName = text(
  /^[\w-]{1,64}$/,
  "a name for a Lambda function",
  "Use 1 to 64 letters, digits, hyphens and underscores.",
);

const roleName = text(
  /^[\w+=,.@-]{1,64}$/,
  "a name for an IAM role",
  "Use 1 to 64 letters, digits and the characters _+=,.@-.",
);

/** DynamoDB allows 65,535 bytes for the name of an attribute. IAM conditions and one line of a table need less. */
const attributeName = text(
  /^(?!\s)[^\p{Cc}*?$]{1,255}(?<!\s)$/u,
  "the name of an attribute",
  "Write the name exactly as the table has it: 1 to 255 characters, without *, ? and $.",
);

const settings = {
  account: key(
    text(/^\d{12}$/, "an AWS account id", "Write its 12 digits in quotes, without hyphens."),
    "Id of the AWS account that contains the Connect instances: 12 digits, in quotes.",
    { required: 'Add the 12-digit AWS account id in quotes, for example account: "111122223333".' },
  ),
  region: key(region, "AWS region of the Connect instances.", {
    required: "Add the AWS region of the instance, for example region: us-east-1.",
  }),
  awsProvider: key(
    awsProvider,
    "Version constraint of the Terraform AWS provider. Versions 6.0 to 6.43 are refused, because of bugs with indexes.",
    { default: "~> 5.100.0" },
  ),
  deployRole: role("deployRole", "Role that Terraform assumes to deploy.", "none, Terraform uses its own credentials"),
  planRole: role(
    "planRole",
    "Role for commands that only read: plan --read-only, drift, preflight, verify, check.",
    "deployRole, otherwise the credentials of the command",
  ),
  state: group(
    {
      bucket: key(
        text(
          /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
          "the name of an S3 bucket",
          "Use 3 to 63 lower-case letters, digits, hyphens and dots.",
        ),
        "S3 bucket that contains the state.",
        { required: "Add the S3 bucket for the Terraform state." },
      ),
      region: key(region, "AWS region of the bucket. It can differ from the region of the instance.", {
        required: "Add the AWS region of the state bucket.",
      }),
      kmsKeyArn: key(kmsKeyArn, "KMS key that encrypts the state. It must be in the region of the bucket.", {
        otherwise: "none, the bucket's own encryption",
      }),
      roleArn: key(
        roleArn,
        "Role that Terraform assumes to read and write the state, for example if the bucket is in another account.",
        {
          otherwise: "none, Terraform uses its own credentials",
        },
      ),
      planRoleArn: key(
        roleArn,
        "Role that Terraform assumes instead of state.roleArn in commands that only read the state: plan --read-only, drift.",
        {
          otherwise: "roleArn",
        },
      ),
      endpoint: key(
        z.string().refine(
          isEndpoint,
          // The message does not show the address, because it may contain a password.
          refusal(
            () => "The value is not the URL of an S3-compatible store",
            'Write it as "https://HOST" or "https://HOST:PORT", without user, password, path or query.',
          ),
        ),
        "URL of an S3-compatible store, for example https://s3.example.com.",
        { otherwise: "none, AWS" },
      ),
      usePathStyle: key(
        z.boolean(),
        "Use path-style URLs (https://HOST/BUCKET/KEY), which most S3-compatible stores need.",
        { otherwise: "false" },
      ),
    },
    "The S3 bucket in which Terraform stores the state: one object for each stack, with native S3 locking.",
  ),
  allowances: key(
    z.array(allowance),
    "Exceptions from guard rules. Each allowance disables one rule for one resource until a date. There is no other way to disable a rule.",
    { default: [] },
  ),
  permissionsBoundary: key(
    text(
      /^arn:(aws|aws-us-gov|aws-cn):iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
      "the ARN of an IAM policy",
      'Write it as "arn:aws:iam::111122223333:policy/NAME".',
    ),
    "Policy that limits the permissions of the function's role and of the canary's role (permissions boundary). It must allow what these roles do. " +
      "The generated deploy policy then creates roles only with this boundary.",
    { otherwise: "none" },
  ),
  tags: key(
    z.record(
      tagKey,
      text(
        /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u,
        "a tag value",
        // The AWS provider plans the attribute tags_all as unknown if a tag value is empty.
        (given) =>
          (given === "" ? "Write a value, or remove the tag. " : "") +
          "Use 1 to 256 letters, digits, spaces and the characters _.:/=+-@.",
      ),
    ),
    "Tags for all created resources. The tags of the contact table never change.",
    { default: {} },
  ),
  ignoreTags: key(
    z.strictObject({
      keys: key(list(tagKey, 50), "Keys of tags that others add to the resources.", { default: [] }),
      keyPrefixes: key(list(tagKey, 50), "Prefixes of the keys of tags that others add to the resources.", {
        default: [],
      }),
    }),
    "Tags that others, such as an organization, add to the resources in AWS. Terraform neither changes nor removes these tags.",
    { otherwise: "none" },
  ),
  blockedDispositions: key(
    list(disposition, 100).min(
      1,
      refusal(
        () => "The list is empty, so no call would be blocked",
        'Add at least one Disposition, for example ["Blocked"].',
      ),
    ),
    "Dispositions that block a caller, exactly as ConnectPath stores them. The levels of a Disposition are joined with a colon (Nuisance:Confirmed). " +
      "The function looks up every Disposition of the list. The flow module passes only the first one to the function.",
    { required: 'Add the Disposition that blocks a caller, for example blockedDispositions: ["Blocked"].' },
  ),
  anonymousCallers: key(
    z.enum(["allow", "block"], refusal("a policy for withheld callers", 'Allowed: "allow" (the default) and "block".')),
    "Whether the calls of withheld callers (callers without a number) go through or are blocked. Withheld callers are never looked up.",
    { default: "allow" },
  ),
  exemptNumbers: key(
    list(
      text(
        /^\+[1-9](\d{1,14}|\d{0,13}\*)$/,
        "an international phone number or a prefix",
        'Write a number as "+15555550100" and a prefix as "+1555*": with country code, without spaces or hyphens.',
      ),
      1000,
    ),
    'Numbers ("+15555550100") and prefixes ("+1555*") that are never blocked.',
    { default: [] },
  ),
  lookup: group(
    {
      budgetMs: key(
        wholeNumber(100, 7500, "milliseconds"),
        "Time limit of the lookup in the function, including retries, in milliseconds. The limit must be at least 500 ms below flowTimeLimitSeconds.",
        { default: 1500 },
      ),
      flowTimeLimitSeconds: key(
        wholeNumber(1, 8, "seconds"),
        "Time limit of the Lambda block in the flow module, in seconds. The caller hears silence while the block waits for the function.",
        { default: 3 },
      ),
      otherNumbers: key(
        z.boolean(),
        "Whether numbers that are not E.164 numbers (15555550101, 22000) are looked up exactly as they are written. An entry of exemptNumbers matches E.164 numbers only.",
        { default: false },
      ),
    },
    "Time limits of the lookup, and the addresses that are looked up.",
  ),
  inboundFlow: key(
    z.strictObject({
      name: key(
        text(
          // Terraform would evaluate "${" and "%{" as the start of a template.
          /^(?=\S)(?!.*[$%]\{)[^\p{Cc}]{1,127}$/u,
          "a name for a flow",
          'Use 1 to 127 characters. Do not start with a space, and do not use "${" or "%{".',
        ),
        "Name of the flow in Connect.",
        { default: "Inbound with call blocking" },
      ),
      queue: key(connectId("queue", "queue"), "Id or ARN of the queue for callers who are not blocked.", {
        required: "Add the id or ARN of the queue for callers who are not blocked.",
      }),
      whenBlocked: key(
        whenBlocked,
        "What happens to a blocked caller. The innermost level replaces the whole map. The maps of several levels are not merged.",
        { otherwise: "the call is disconnected" },
      ),
    }),
    "An inbound flow that the stack creates. The flow invokes the module and branches on the result.",
    { otherwise: "none, for teams that have their own inbound flow" },
  ),
  flows: group(
    {
      whenBlocked: key(
        whenBlocked,
        "What happens to a blocked caller in the flows that fleet wire changes, with the keys of inboundFlow.whenBlocked. The innermost level " +
          "replaces the whole map.",
        { otherwise: "inboundFlow.whenBlocked; without an inboundFlow, the call is disconnected" },
      ),
      unprotectedNumbers: key(
        list(
          text(
            /^\+[1-9]\d{1,14}$/,
            "an international phone number",
            'Write the number as "+15555550100": with country code, without spaces or hyphens.',
          ),
          1000,
        ),
        "Phone numbers of the Connect instance whose calls are deliberately not checked. fleet coverage reports them without failing.",
        { default: [] },
      ),
    },
    "The inbound flows of the team, which fleet wire changes and fleet coverage checks.",
  ),
  contactDetails: key(
    z.strictObject({
      agent: key(attributeName, "Attribute with the agent of the contact.", { otherwise: "none" }),
      time: key(attributeName, "Attribute with the time of the contact.", { otherwise: "none" }),
      queue: key(attributeName, "Attribute with the queue of the contact.", { otherwise: "none" }),
    }),
    "Names of the attributes of ConnectPath's contacts that fleet blocked --details shows. fleet preflight lists the attributes of blocked contacts.",
    { otherwise: "none" },
  ),
  table: group(
    {
      adopt: key(
        z.boolean(),
        "Whether Terraform imports the table and adds the index. With false, the stack only reads the table: npm run fleet -- index, the vendor or a " +
          "user creates the index, and the plan stops if the index is missing or has another shape. This works for every table.",
        { default: true },
      ),
      indexTimeoutMinutes: key(
        // The provider waits at least 20 minutes, even if the configuration has a lower value (wait.go in the provider).
        wholeNumber(20, 10080, "minutes"),
        "Time that Terraform waits for the index to become active, in minutes. Indexing a large table takes hours.",
        { default: 1440 },
      ),
      acceptReplicas: key(
        z.boolean(),
        "Whether to adopt a global table. DynamoDB then builds the index in the region of every replica.",
        { default: false },
      ),
    },
    "The contact table, and how it gets its index.",
  ),
  alarms: group(
    {
      topicArn: key(
        text(
          /^arn:(aws|aws-us-gov|aws-cn):sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/,
          "the ARN of an SNS topic",
          'Write it as "arn:aws:sns:REGION:ACCOUNT:NAME".',
        ),
        "ARN of the SNS topic that the alarms notify. The topic must be in the region of the instance, and its policy must allow CloudWatch to publish.",
        { otherwise: "a topic that the stack creates" },
      ),
      runbookUrl: key(
        text(
          /^[^\s${}%#"]{1,300}$/,
          "a URL or path of the runbook",
          "Use at most 300 characters, without an anchor, spaces, quotes, braces, $ and %.",
        ),
        "URL or path of your copy of docs/runbook.md. The description of each alarm links to the alarm's entry on this page.",
        { default: "docs/runbook.md" },
      ),
      dashboard: key(
        z.boolean(),
        "Whether the environment has a dashboard in this account. The stack of the first instance creates the dashboard.",
        { default: true },
      ),
      canaryMinutes: key(
        threshold(1, 60, "minutes"),
        "Interval at which the canary tests the deployed function, in minutes. The value false removes the canary and the alarms that depend on it.",
        { default: 5 },
      ),
      canaryName: key(lambdaName, "Name of the canary's Lambda function.", {
        derived: {
          text: "blockedCalls-canary-<instance>",
          from: ["name"],
          value: ({ name }) => names.defaultCanaryName(name),
        },
      }),
      canaryRoleName: key(roleName, "Name of the canary's IAM role.", {
        derived: {
          text: "blockedCalls-canary-<instance>-<region>",
          from: ["name", "region"],
          value: ({ name, region }) => names.defaultCanaryRoleName(name, region),
        },
      }),
      lookupErrors: key(
        threshold(1, 10000, "errors"),
        "Alarm threshold: number of failed lookups in 5 minutes. The alarm fires if 2 of 3 such periods reach the threshold.",
        { default: 1 },
      ),
      functionErrors: key(
        threshold(1, 10000, "errors"),
        "Alarm threshold: number of invocations in 5 minutes that end with an error.",
        { default: 1 },
      ),
      throttles: key(
        threshold(1, 10000, "invocations"),
        "Alarm threshold: number of invocations in 5 minutes that Lambda throttles.",
        { default: 1 },
      ),
      slowAnswersPercent: key(
        threshold(1, 100, "percent"),
        "Alarm threshold: 99th percentile of the lookup time in 5 minutes, in percent of lookup.budgetMs. The alarm fires if 2 of 3 such periods reach the threshold.",
        { default: 80 },
      ),
      silentCalls: key(
        threshold(1, 100000, "calls"),
        "Alarm threshold: number of calls of the Connect instance in 1 hour, if none of them invoked the function.",
        { default: 20 },
      ),
      neverMatchesDays: key(
        // The longest period of a CloudWatch alarm is one week (PutMetricAlarm, Period).
        threshold(1, 7, "days"),
        "Alarm threshold: number of days without a match, if contacts with a blocked Disposition exist.",
        { default: 7 },
      ),
      neverMatchesContacts: key(
        wholeNumber(1, 100, "contacts"),
        "Minimum number of contacts with a blocked Disposition. With fewer contacts, the alarm of neverMatchesDays does not fire.",
        { default: 20 },
      ),
      matchesPercent: key(
        threshold(1, 100, "percent"),
        "Alarm threshold: percentage of blocked calls among the calls of 1 hour.",
        { default: 50 },
      ),
      matchesOfCalls: key(
        wholeNumber(1, 100000, "calls"),
        "Minimum number of calls in 1 hour. With fewer calls, the alarm of matchesPercent does not fire.",
        { default: 20 },
      ),
      indexThrottles: key(
        threshold(1, 100000, "events"),
        "Alarm threshold: number of throttled reads of the index in 5 minutes. The same threshold applies to throttled writes, which have a separate alarm.",
        { default: 1 },
      ),
    },
    "Settings of the alarms, the canary and the dashboard.",
  ),
  function: group(
    {
      name: key(lambdaName, "Name of the Lambda function.", {
        derived: {
          text: "blockedCalls-<instance>",
          from: ["name"],
          value: ({ name }) => names.defaultFunctionName(name),
        },
      }),
      roleName: key(roleName, "Name of the function's IAM role.", {
        derived: {
          text: "blockedCalls-<instance>-<region>",
          from: ["name", "region"],
          value: ({ name, region }) => names.defaultRoleName(name, region),
        },
      }),
      runtime: key(runtime, 'Lambda runtime. nodejs24.x needs awsProvider ">= 6.44, < 7".', { default: "nodejs22.x" }),
      memoryMb: key(wholeNumber(128, 10240, "MB"), "Memory of the function, in MB. More memory also means more CPU.", {
        default: 512,
      }),
      logRetentionDays: key(
        z.literal(
          retentionDays,
          refusal("a retention period of CloudWatch Logs", `Allowed, in days: ${retentionDays.join(", ")}.`),
        ),
        "Retention period of the function's log, in days.",
        { default: 30 },
      ),
      logKmsKeyArn: key(
        kmsKeyArn,
        "KMS key that encrypts the logs of the function and of the canary. It must be in the region of the instance, and its policy must allow " +
          "CloudWatch Logs to use it.",
        { otherwise: "none, CloudWatch Logs uses its own key" },
      ),
      reservedConcurrency: key(
        wholeNumber(1, 100000, "executions"),
        "Concurrent executions that are reserved for the function. More calls at one time than this are throttled and go through.",
        { otherwise: "none, the function shares the concurrency of the account" },
      ),
      vpc: key(
        z.strictObject({
          subnetIds: key(
            nonEmptyList(resourceId("subnet", "subnet"), 16, "subnet"),
            "Ids of the subnets. They must have a route to DynamoDB, for example through a gateway endpoint.",
            { required: "Add the ids of the subnets, or remove vpc." },
          ),
          securityGroupIds: key(
            nonEmptyList(resourceId("sg", "security group"), 5, "security group"),
            "Ids of the security groups. They must allow HTTPS to DynamoDB.",
            { required: "Add the ids of the security groups, or remove vpc." },
          ),
        }),
        "VPC in which the function runs. The function's role then may manage network interfaces for Lambda. The canary never runs in a VPC. " +
          "An inner level replaces this map as a whole.",
        { otherwise: "none" },
      ),
    },
    "The Lambda function that looks up callers.",
  ),
};

/** Keys of one instance: its own keys, and every other key in which it differs from its environment. */
export const instanceSchema = z
  .strictObject({
    name: key(
      text(
        names.instanceNamePattern,
        "the alias of a Connect instance",
        'Use 1 to 45 letters, digits and inner hyphens, not starting with "d-", exactly as in the table name dextr-<name>.',
      ),
      "Alias of the Connect instance, as ConnectPath uses it in the table name dextr-<name>.",
      { required: "Add the alias of the Connect instance, as in the table name dextr-<name>." },
    ),
    id: key(
      text(
        /^(arn:(aws|aws-us-gov|aws-cn):connect:[a-z0-9-]+:\d{12}:instance\/)?[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$/,
        "the id or ARN of a Connect instance",
        "Copy the instance ARN from the Connect console, or use the UUID at the end of the ARN, in lower case.",
      ),
      "Id (UUID) or ARN of the Connect instance.",
      { required: "Add the id or ARN of the Connect instance. The Connect console shows both." },
    ),
    tableName: key(
      text(
        /^[\w.-]{3,255}$/,
        "a name for a DynamoDB table",
        "Use 3 to 255 letters, digits, hyphens, underscores and dots.",
      ),
      "Name of the contact table.",
      { derived: { text: "dextr-<name>", from: ["name"], value: ({ name }) => names.defaultTableName(name) } },
    ),
    wave: key(z.string(), "Wave in which the instance is deployed: one of the waves of the environment.", {
      otherwise: "the last wave; without waves, all instances are in one wave",
    }),
    suspended: key(
      z.boolean(),
      "Whether the instance is excluded from rollouts. Its deployed resources stay as they are.",
      { default: false },
    ),
    release: key(
      z.literal(
        ["remove-index", "forget", "keep-index", false],
        refusal(
          (given) =>
            given === true || given === "true"
              ? "release: true has a new name: release: forget"
              : `${show(given)} is not a way to release an instance`,
          "Allowed: remove-index (step 1 of 2), forget (step 2 of 2), and keep-index (one step; the index stays).",
        ),
      ),
      "Removes the deployment of the instance. The contact table always stays. There are two ways. In two steps: first remove-index deletes the " +
        "index, the function, the module and all other resources of the stack; then forget removes the table from the Terraform state. " +
        "In one step: keep-index deletes all these resources except the index, and removes the table from the Terraform state.",
      { default: false },
    ),
    adoptExisting: key(
      z.strictObject({
        module: key(
          connectId("flow module", "flow-module"),
          "Id or ARN of a module blockedStatus that was imported by hand. The module keeps its id, so flows that invoke the module need no change.",
          { otherwise: "none" },
        ),
        function: key(
          z.boolean(),
          "Whether the stack adopts an existing function that has the name in function.name. Leave false if the existing function has another name: the stack creates a function, and the module then invokes the created function.",
          { default: false },
        ),
        role: key(
          z.boolean(),
          "Whether the stack adopts an existing role that has the name in function.roleName. After the module invokes the deployed function, the deployment removes all other permissions from the role.",
          { default: false },
        ),
        logGroup: key(
          z.boolean(),
          "Whether the stack adopts the existing log group of the function, for example after a release.",
          { default: false },
        ),
        alias: key(
          z.boolean(),
          "Whether the adopted function has an alias named live and the alias is adopted. The deployment changes its version.",
          { default: false },
        ),
        association: key(
          z.boolean(),
          "Whether the alias live is associated with the Connect instance already, and this association is adopted.",
          { default: false },
        ),
      }),
      "Existing resources that the stack adopts instead of creating new ones, for example resources that were created by hand with the vendor's guide. An existing index is always adopted. You can keep this key after the first deployment.",
      { otherwise: "nothing" },
    ),
    ...settings,
  })
  // zod treats these keys as optional: it still parses an instance without a name, so that one run reports all other errors too.
  .meta({ required: ["name", "id"] });

/** Keys of `environments/defaults.yaml`. */
export const defaultsSchema = z.strictObject(settings);

/** The last stage of a rollout. A GitHub workflow has a fixed list of jobs, so it needs a limit. */
export const maxStage = 4;

const refusedStage = refusal(`a stage from 1 to ${maxStage}`, "Write one digit without quotes: stage: 2.");

/** Keys of an environment file. */
export const environmentSchema = z
  .strictObject({
    ...settings,
    stage: key(
      z.int(refusedStage).min(1, refusedStage).max(maxStage, refusedStage),
      `Stage of the environment in a rollout, from 1 to ${maxStage}. A stage starts after all environments of the earlier stages are deployed and verified. The environments of a stage do not wait for each other.`,
      { otherwise: "1" },
    ),
    waves: key(
      list(
        text(
          names.environmentNamePattern,
          "a name for a wave",
          "Use at most 100 lower-case letters, digits and hyphens, and start with a letter: canary.",
        ),
        100,
      ).min(
        1,
        refusal(
          () => "The list is empty, so no instance can be in a wave",
          "List the waves in order, or remove the key.",
        ),
      ),
      "Names of the waves, in the order in which they are deployed.",
      { otherwise: "none, all instances are in one wave" },
    ),
    instances: key(z.array(instanceSchema), "The Connect instances of this environment.", {
      required: "Add one: instances: [{ name: <alias of the Connect instance>, id: <its ARN> }].",
    }),
  })
  .meta({
    title: "ConnectPath call blocking: one environment",
    description:
      "Every key except stage, waves and instances can also be in defaults.yaml and in each instance. The innermost level takes precedence: its values and lists replace outer ones, and maps are merged key by key.",
  });

export type InstanceSettings = z.output<typeof instanceSchema>;
export type Settings = z.output<typeof defaultsSchema>;
export type EnvironmentSettings = z.output<typeof environmentSchema>;
export type ResolvedInstance = Resolved<typeof instanceSchema.shape>;

/** The defaults of all keys that have a fixed default. */
export const builtInDefaults = fill(defaultsSchema.shape, {});

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return (
    ["http:", "https:"].includes(url.protocol) &&
    url.username + url.password + url.search + url.hash === "" &&
    url.pathname === "/" &&
    url.hostname !== ""
  );
}
