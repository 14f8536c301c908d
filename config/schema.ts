/** The keys of an environment file: the one schema behind validation, the types and `environments/schema.json`. */
import { z } from "zod";
import { environmentNamePattern, instanceNamePattern, regions } from "./aws-names";
import { didYouMean } from "./did-you-mean";
import { guardRuleIds, neverAllowed } from "./guard-rules";
import { show } from "./problems";

/** Built-in defaults: what stands when neither defaults.yaml nor the environment nor the instance says otherwise. */
export const builtInDefaults = {
  awsProvider: "~> 5.100.0",
  anonymousCallers: "allow",
  lookup: { budgetMs: 1500, flowTimeLimitSeconds: 3 },
  function: { runtime: "nodejs22.x", memoryMb: 512, logRetentionDays: 30 },
  table: { indexTimeoutMinutes: 1440, acceptReplicas: false },
  suspended: false,
  alarms: {
    runbookUrl: "docs/runbook.md",
    dashboard: true,
    canaryMinutes: 5,
    lookupErrors: 1,
    functionErrors: 1,
    throttles: 1,
    slowAnswersPercent: 80,
    silentCalls: 20,
    neverMatchesDays: 7,
    neverMatchesContacts: 20,
    matchesPercent: 50,
    matchesOfCalls: 20,
    indexThrottles: 1,
  },
  inboundFlowName: "Inbound with call blocking",
} as const;

/**
 * A key of a map, described for editors. Never required, since any level may give it; undefined where a level gave a value that
 * was refused, so that no value of an outer level takes its place.
 */
function key<T extends z.ZodType>(schema: T, description: string, byDefault?: unknown): z.ZodOptional<T> {
  return schema.meta({ description, ...(byDefault === undefined ? {} : { default: byDefault }) }).optional();
}

/** The message of a refused value: what is wrong on the first line, what to do on the second. */
function refusal(wrong: string | ((given: unknown) => string), fix: string | ((given: unknown) => string)) {
  return {
    error: ({ input }: { readonly input?: unknown }): string =>
      `${typeof wrong === "string" ? `${show(input)} is not ${wrong}` : wrong(input)}.\n${typeof fix === "string" ? fix : fix(input)}`,
  };
}

const text = (pattern: RegExp, wrong: string, fix: string | ((given: unknown) => string)) =>
  z.string().regex(pattern, refusal(wrong, fix));

function wholeNumber(min: number, max: number, unit: string) {
  const refused = refusal(`a whole number of ${unit} from ${min} to ${max}`, (given) =>
    typeof given === "string" && /^\d+$/.test(given) ? "Remove the quotes." : `Give one without quotes and unit.`,
  );
  return z.int(refused).min(min, refused).max(max, refused);
}

/** A threshold of an alarm, or `false` for no such alarm. */
function threshold(min: number, max: number, unit: string) {
  const fix = (given: unknown): string =>
    typeof given === "string" && /^(\d+|false)$/.test(given)
      ? "Remove the quotes."
      : "Give one without quotes and unit, or false for no such alarm.";
  const refused = refusal(`a whole number of ${unit} from ${min} to ${max}, nor false`, fix);
  return z.union([z.int(refused).min(min, refused).max(max, refused), z.literal(false)], refused);
}

const region = z.enum(
  regions,
  refusal("an AWS region", (given) => {
    const near = typeof given === "string" ? didYouMean(given, regions) : undefined;
    const suggestion = near === undefined ? [] : [`Did you mean "${near}"?`];
    // Only what looks like a region can be one that AWS opened after this list was written.
    const addition = /^[a-z]{2}(-[a-z]+){1,2}-\d$/.test(String(given))
      ? ["A region newer than this project is added to the list in config/aws-names.ts."]
      : [];
    return [...suggestion, ...addition].join(" ") || `Give its code, for example "us-east-1".`;
  }),
);

const roleArn = text(
  /^arn:(aws|aws-us-gov|aws-cn):iam::\d{12}:role\/[\w+=,.@/-]+$/,
  "the ARN of an IAM role",
  'Write it as "arn:aws:iam::111122223333:role/NAME".',
);

/** A role to assume. */
function role(name: string, description: string) {
  return key(
    z.strictObject({
      arn: key(roleArn, `ARN of the role. Required in ${name}.`),
      externalId: key(
        text(
          /^[\w+=,.@:/-]{2,1224}$/,
          "an external id",
          "Use 2 to 1224 letters, digits and the characters _+=,.@:/-, as in the role's trust policy.",
        ),
        "External id that the role's trust policy asks for. Default: none.",
      ),
    }),
    description,
  );
}

const awsProvider = z.enum(
  ["~> 5.100.0", ">= 6.44, < 7"],
  refusal((given) => {
    const minor = /(?<![\d.])6(?:\.(\d+))?/.exec(String(given));
    return minor !== null && Number(minor[1] ?? 0) < 44
      ? `${show(given)} lets in AWS provider 6.0 to 6.43, which plan changes to indexes that nobody changed ` +
          "(https://github.com/hashicorp/terraform-provider-aws/issues/44692 and /46322)"
      : `${show(given)} is not a supported line of the AWS provider`;
  }, 'Allowed: "~> 5.100.0" (the default) and ">= 6.44, < 7".'),
);

const withdrawnRuntime = /^nodejs(|[468]\.\d+|1\d\.x|20\.x)$/;
const runtime = z.enum(
  ["nodejs22.x", "nodejs24.x"],
  refusal(
    (given) =>
      withdrawnRuntime.test(String(given))
        ? `${show(given)} is a runtime that AWS has deprecated: no function can be created with it`
        : `${show(given)} is not a runtime that the function is built and tested for`,
    'Allowed: "nodejs22.x" (the default) and, with awsProvider ">= 6.44, < 7", "nodejs24.x".',
  ),
);

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Text that Terraform leaves as it is. */
const composedText = z.string().refine(
  (value) => value === value.normalize("NFC") && !/\p{Surrogate}/u.test(value),
  refusal(
    (given) => `${show(given)} is not in Unicode normal form C, into which Terraform changes every text`,
    "Type it anew; if ConnectPath itself has it in this form, change it there.",
  ),
);

/** Text that becomes part of a flow as it is. The rules are those of flows/literal-text.ts, told here with file and line. */
const flowText = composedText.refine(
  (value) => !/\$[.[]/.test(value),
  refusal(
    (given) => `${show(given)} holds "$." or "$[", which Connect reads as a reference to contact data`,
    "Its flow language has no escape for it: write it in another way (in SSML, &#36; is a dollar sign).",
  ),
);

/** DynamoDB takes 2048 bytes of a partition key; Disposition is the index's partition key. */
const dispositionBytes = 2048;
const disposition = flowText
  .regex(
    /^(?!\s)[\s\S]*\S$/,
    refusal(
      (given) =>
        String(given).trim() === "" ? `${show(given)} is empty` : `${show(given)} begins or ends with white space`,
      "The match is exact, so it would match no contact: write the Disposition as ConnectPath stores it.",
    ),
  )
  .refine(
    (value) => Buffer.byteLength(value) <= dispositionBytes,
    refusal(
      (given) => `${show(given)} has ${Buffer.byteLength(String(given))} bytes in UTF-8`,
      `DynamoDB takes ${dispositionBytes} bytes of a key, so no contact can have it: shorten it.`,
    ),
  );

/** A list whose items may not repeat; the second of two equal ones is the one refused. */
function list<T extends z.ZodType<string>>(item: T) {
  return z.array(item).superRefine((values, context) => {
    for (const [index, value] of values.entries()) {
      const first = values.indexOf(value);
      if (first < index) {
        const message = `${show(value)} stands in the list twice, first as item ${first}.\nRemove one of the two.`;
        context.addIssue({ code: "custom", message, path: [index] });
      }
    }
  });
}

/** Id or ARN of something inside a Connect instance, such as a queue. */
function connectId(what: string, arnPart: string) {
  const id = "[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}";
  return text(
    new RegExp(`^(arn:(aws|aws-us-gov|aws-cn):connect:[a-z0-9-]+:\\d{12}:instance/${id}/${arnPart}/)?${id}$`),
    `the id or ARN of a Connect ${what}`,
    `Copy the ARN from the ${what}'s page in the Connect console, or take the lower-case UUID at its end.`,
  );
}

const notBlank = [/\S/, refusal(() => "The text is empty", "Give the words that a blocked caller hears.")] as const;

/** https://docs.aws.amazon.com/polly/latest/dg/limits.html; plain text is cut into several prompts where it is longer. */
const maxSpoken = 3000;
const spokenLength = (ssml: string): number => ssml.replace(/<[^>]*>/g, "").length;

const whenBlocked = z.strictObject({
  action: key(
    z.enum(
      ["disconnect", "message", "queue", "flow"],
      refusal("an action", 'Allowed: "disconnect" (the default), "message", "queue" and "flow".'),
    ),
    "What happens: the call ends, or ends after a message, or goes to a queue or to another flow.",
    "disconnect",
  ),
  text: key(
    composedText.regex(...notBlank),
    "For the action message: the words that are spoken before the call ends. Default: none.",
  ),
  ssml: key(
    flowText.regex(...notBlank).refine(
      (value) => spokenLength(value) <= maxSpoken && value.length <= 2 * maxSpoken,
      refusal(
        (given) =>
          `${spokenLength(String(given))} characters of text and ${String(given).length} with markup are too many`,
        `Amazon Polly speaks at most ${maxSpoken} and ${2 * maxSpoken}: shorten it.`,
      ),
    ),
    "For the action message, instead of text: the words with Speech Synthesis Markup. Default: none.",
  ),
  queue: key(connectId("queue", "queue"), "For the action queue: its id or ARN. Default: none."),
  flow: key(connectId("flow", "contact-flow"), "For the action flow: its id or ARN. Default: none."),
});

/** Rules of the guard that an allowance can lift. */
const liftable = guardRuleIds.filter((rule) => neverAllowed(rule) === undefined);

const allowedRule = z.enum(
  liftable,
  refusal(
    (given) => {
      const never = guardRuleIds.find((rule) => rule === given && !liftable.includes(rule));
      return never === undefined
        ? `${show(given)} is not a rule of the guard`
        : `${show(given)} is a rule that nothing can lift: ${neverAllowed(never) ?? ""}`;
    },
    (given) => {
      const near = typeof given === "string" ? didYouMean(given, liftable) : undefined;
      return near === undefined ? `Allowed: ${liftable.join(", ")}.` : `Did you mean "${near}"?`;
    },
  ),
);

const notADay = refusal("a day of the calendar", 'Write the last day on which it counts as "YYYY-MM-DD".');
const day = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, notADay)
  .refine((value) => {
    const time = new Date(`${value}T00:00:00Z`);
    // 30 February is read as a day of March.
    return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(value);
  }, notADay);

const allowance = z.strictObject({
  resource: key(
    text(
      /^[a-z][a-z0-9_]*\.[A-Za-z_][\w-]*(\[(\d+|"[^"]+")\])?$/,
      "the address of a resource in Terraform",
      'Copy it from the review, for example "aws_cloudwatch_log_group.blocked_calls".',
    ),
    "Address of the one resource that it is for. Required.",
  ),
  rule: key(allowedRule, "The guard's rule that is lifted for it. Required."),
  reason: key(
    text(
      /^(?=.*\S)[^\p{Cc}]{1,300}$/u,
      "a reason for those who review the plan",
      "Say on one line, in at most 300 characters, why it may happen.",
    ),
    "Why it may happen; the review shows it. Required.",
  ),
  until: key(day, "The last day on which it counts, as YYYY-MM-DD in UTC. Required."),
});

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

const settings = {
  account: key(
    text(/^\d{12}$/, "an AWS account id", "Give its 12 digits in quotes, without hyphens."),
    "AWS account that holds the Connect instances: 12 digits, in quotes. Required.",
  ),
  region: key(region, "AWS region of the Connect instances. Required."),
  awsProvider: key(
    awsProvider,
    "Version constraint of the Terraform AWS provider. 6.0 to 6.43 have index bugs and are refused.",
    builtInDefaults.awsProvider,
  ),
  deployRole: role(
    "deployRole",
    "Role that Terraform assumes to deploy. Default: none, the credentials it is run with.",
  ),
  planRole: role(
    "planRole",
    "Role for commands that only read: plan --read-only, drift, preflight, verify, check. Default: the deploy role, or the credentials they are run with.",
  ),
  state: key(
    z.strictObject({
      bucket: key(
        text(
          /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
          "the name of an S3 bucket",
          "Use 3 to 63 lower-case letters, digits, hyphens and dots.",
        ),
        "S3 bucket that holds the state. Required.",
      ),
      region: key(region, "Region of the bucket, which need not be the instance's. Required."),
      kmsKeyArn: key(
        text(
          /^arn:(aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:\d{12}:key\/(mrk-[a-f0-9]{32}|[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12})$/,
          "the ARN of a KMS key",
          'Write it as "arn:aws:kms:REGION:ACCOUNT:key/ID", with the key\'s id and not an alias.',
        ),
        "KMS key that encrypts the state, in the bucket's region. Default: none, the bucket's own encryption.",
      ),
      roleArn: key(
        roleArn,
        "Role assumed for the state alone, when the bucket is in another account. Default: none, the credentials Terraform is run with.",
      ),
      planRoleArn: key(
        roleArn,
        "Role that takes its place in commands that only read the state: plan --read-only, drift. Default: roleArn.",
      ),
      endpoint: key(
        z.string().refine(
          isEndpoint,
          // A refused address may carry a password, so it is not shown.
          refusal(
            () => "The value is not the address of an S3-compatible store",
            'Write it as "https://HOST" or "https://HOST:PORT", without user, password, path or query.',
          ),
        ),
        "Address of an S3-compatible store, for example https://s3.example.com. Default: none, AWS.",
      ),
      usePathStyle: key(
        z.boolean(),
        "Path-style addressing (https://HOST/BUCKET/KEY), which most S3-compatible stores need.",
        false,
      ),
    }),
    "Where Terraform keeps the state: one object per stack in one S3 bucket, locked natively.",
  ),
  tags: key(
    z.record(
      text(
        /^(?![aA][wW][sS]:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u,
        "a key for a tag",
        'Use 1 to 128 letters, digits, spaces and the characters _.:/=+-@, not beginning with "aws:".',
      ),
      text(
        /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u,
        "a value for a tag",
        "Use at most 256 letters, digits, spaces and the characters _.:/=+-@.",
      ),
    ),
    "Tags on everything that is created. The contact table's tags are never touched.",
    {},
  ),
  allowances: key(
    z.array(allowance),
    "What the guard lets pass in a plan although one of its rules is against it: each for one resource, until a day. Nothing else turns a rule off.",
    [],
  ),
  blockedDispositions: key(
    list(disposition).min(
      1,
      refusal(
        () => "The list is empty, so no call would ever be blocked",
        'Name at least one, for example ["Blocked"].',
      ),
    ),
    "Dispositions that block a caller, exactly as ConnectPath stores them; two levels joined with a colon (Nuisance:Confirmed). " +
      "The first is the one the flow module asks for. Required.",
  ),
  anonymousCallers: key(
    z.enum(["allow", "block"], refusal("a policy for withheld numbers", 'Allowed: "allow" (the default) and "block".')),
    "What happens to callers who withhold their number; they are never looked up.",
    builtInDefaults.anonymousCallers,
  ),
  exemptNumbers: key(
    list(
      text(
        /^\+[1-9](\d{1,14}|\d{0,13}\*)$/,
        "an international number, nor a prefix of one",
        'Write a number as "+15555550100" and a prefix as "+1555*", with country code, without spaces and hyphens.',
      ),
    ),
    'Numbers ("+15555550100") and prefixes ("+1555*") that are never blocked.',
    [],
  ),
  lookup: key(
    z.strictObject({
      budgetMs: key(
        wholeNumber(100, 7500, "milliseconds"),
        "Time the function may take for the whole lookup, in milliseconds; at least 500 ms less than flowTimeLimitSeconds.",
        builtInDefaults.lookup.budgetMs,
      ),
      flowTimeLimitSeconds: key(
        wholeNumber(1, 8, "seconds"),
        "Time limit of the flow's Lambda block, in seconds; the caller hears silence meanwhile.",
        builtInDefaults.lookup.flowTimeLimitSeconds,
      ),
    }),
    "How long a caller may wait for the answer.",
  ),
  inboundFlow: key(
    z.strictObject({
      name: key(
        text(
          // Terraform would read "${" and "%{" as the start of a template, and evaluate it.
          /^(?=\S)(?!.*[$%]\{)[^\p{Cc}]{1,127}$/u,
          "a name for a flow",
          'Use 1 to 127 characters, not beginning with a space, without "${" and "%{".',
        ),
        "Name of the flow in Connect.",
        builtInDefaults.inboundFlowName,
      ),
      queue: key(
        connectId("queue", "queue"),
        "Id or ARN of the queue for callers who are not blocked. Required in inboundFlow.",
      ),
      whenBlocked: key(
        whenBlocked,
        "What a blocked caller meets; the innermost level that says it says all of it. Default: the call ends.",
      ),
    }),
    "An inbound flow that calls the module and branches on its answer. Default: none, for teams with a flow of their own.",
  ),
  function: key(
    z.strictObject({
      name: key(lambdaName, "Name of the Lambda function. Default: blockedCalls-<instance>."),
      roleName: key(roleName, "Name of the function's role. Default: blockedCalls-<instance>-<region>."),
      runtime: key(
        runtime,
        "Lambda runtime; nodejs24.x needs the 6.x line of the AWS provider.",
        builtInDefaults.function.runtime,
      ),
      memoryMb: key(
        wholeNumber(128, 10240, "MB"),
        "Memory of the function, in MB; its share of a processor grows with it.",
        builtInDefaults.function.memoryMb,
      ),
      logRetentionDays: key(
        z.literal(
          retentionDays,
          refusal("a retention that CloudWatch Logs offers", `Allowed, in days: ${retentionDays.join(", ")}.`),
        ),
        "Days for which the function's log is kept.",
        builtInDefaults.function.logRetentionDays,
      ),
    }),
    "The Lambda function that answers the call.",
  ),
  alarms: key(
    z.strictObject({
      topicArn: key(
        text(
          /^arn:(aws|aws-us-gov|aws-cn):sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/,
          "the ARN of an SNS topic",
          'Write it as "arn:aws:sns:REGION:ACCOUNT:NAME".',
        ),
        "SNS topic that hears of alarms, in the instance's region; its policy must let CloudWatch publish. Default: a topic of the stack's own.",
      ),
      runbookUrl: key(
        text(
          /^[^\s${}%#"]{1,300}$/,
          "where the runbook is",
          "Give a URL or a path, without an anchor, spaces, quotes and braces.",
        ),
        "Where people find docs/runbook.md; each alarm's description links its entry there.",
        builtInDefaults.alarms.runbookUrl,
      ),
      dashboard: key(
        z.boolean(),
        "Whether the environment has a dashboard in this account; it belongs to the first of its instances there.",
        builtInDefaults.alarms.dashboard,
      ),
      canaryMinutes: key(
        threshold(1, 60, "minutes"),
        "How often the canary asks the deployed function what it must know, in minutes; false for no canary, and no alarm that needs it.",
        builtInDefaults.alarms.canaryMinutes,
      ),
      canaryName: key(lambdaName, "Name of the canary's Lambda function. Default: blockedCalls-canary-<instance>."),
      canaryRoleName: key(roleName, "Name of the canary's role. Default: blockedCalls-canary-<instance>-<region>."),
      lookupErrors: key(
        threshold(1, 10000, "errors"),
        "Lookups that fail within five minutes, in two of three such periods, at which the alarm goes off.",
        builtInDefaults.alarms.lookupErrors,
      ),
      functionErrors: key(
        threshold(1, 10000, "errors"),
        "Invocations that end with an error within five minutes, at which the alarm goes off.",
        builtInDefaults.alarms.functionErrors,
      ),
      throttles: key(
        threshold(1, 10000, "invocations"),
        "Invocations that Lambda refuses within five minutes, at which the alarm goes off.",
        builtInDefaults.alarms.throttles,
      ),
      slowAnswersPercent: key(
        threshold(1, 100, "percent"),
        "Percent of lookup.budgetMs that one answer in a hundred takes, in two of three five-minute periods, at which the alarm goes off.",
        builtInDefaults.alarms.slowAnswersPercent,
      ),
      silentCalls: key(
        threshold(1, 100000, "calls"),
        "Calls of the Connect instance within an hour, none of which the function is asked about, at which the alarm goes off.",
        builtInDefaults.alarms.silentCalls,
      ),
      neverMatchesDays: key(
        // CloudWatch looks back a week at most (PutMetricAlarm, Period).
        threshold(1, 7, "days"),
        "Days without a match although numbers are listed, at which the alarm goes off.",
        builtInDefaults.alarms.neverMatchesDays,
      ),
      neverMatchesContacts: key(
        wholeNumber(1, 100, "contacts"),
        "Contacts that must be listed for neverMatchesDays to count a day.",
        builtInDefaults.alarms.neverMatchesContacts,
      ),
      matchesPercent: key(
        threshold(1, 100, "percent"),
        "Percent of an hour's calls that are blocked, at which the alarm goes off.",
        builtInDefaults.alarms.matchesPercent,
      ),
      matchesOfCalls: key(
        wholeNumber(1, 100000, "calls"),
        "Calls within the hour that matchesPercent needs.",
        builtInDefaults.alarms.matchesOfCalls,
      ),
      indexThrottles: key(
        threshold(1, 100000, "events"),
        "Reads of the index, or writes to it, that DynamoDB throttles within five minutes, at which the alarm of either goes off.",
        builtInDefaults.alarms.indexThrottles,
      ),
    }),
    "What is watched, and at which values alarms go off.",
  ),
  table: key(
    z.strictObject({
      indexTimeoutMinutes: key(
        // The provider waits 20 minutes whatever it is told (its wait.go).
        wholeNumber(20, 10080, "minutes"),
        "How long Terraform waits for the index to be built, in minutes; a large table takes hours.",
        builtInDefaults.table.indexTimeoutMinutes,
      ),
      acceptReplicas: key(
        z.boolean(),
        "Adopt a global table as well, although DynamoDB then builds the index in the region of every replica.",
        builtInDefaults.table.acceptReplicas,
      ),
    }),
    "How the index is added to the contact table.",
  ),
};

/** Keys of one instance: its own, and every other key where it differs from its environment. */
export const instanceSchema = z
  .strictObject({
    name: key(
      text(
        instanceNamePattern,
        "the alias of a Connect instance",
        'Use 1 to 45 letters, digits and inner hyphens, not beginning with "d-", exactly as in the table\'s name dextr-<name>.',
      ),
      "The Connect instance's alias, as ConnectPath has it in the table's name dextr-<name>. Required.",
    ),
    id: key(
      text(
        /^(arn:(aws|aws-us-gov|aws-cn):connect:[a-z0-9-]+:\d{12}:instance\/)?[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$/,
        "the id or ARN of a Connect instance",
        "Copy the instance ARN from the Connect console, or take the lower-case UUID at its end.",
      ),
      "The Connect instance's id (UUID) or its whole ARN. Required.",
    ),
    tableName: key(
      text(
        /^[\w.-]{3,255}$/,
        "a name for a DynamoDB table",
        "Use 3 to 255 letters, digits, hyphens, underscores and dots.",
      ),
      "Name of the contact table. Default: dextr-<name>.",
    ),
    wave: key(
      z.string(),
      "The one of the environment's waves in which it is rolled out. Default: the last one, or all in one wave where the environment has no waves.",
    ),
    suspended: key(
      z.boolean(),
      "Keeps the instance in the file and leaves it out of rollouts; what is deployed of it stays as it is.",
      builtInDefaults.suspended,
    ),
    release: key(
      z.literal(
        ["remove-index", "keep-index", true, false],
        refusal(
          "a way to let go of an instance",
          "Allowed: remove-index (the first of two steps), true (the second) and keep-index (one step, and the index stays), without quotes around true.",
        ),
      ),
      "Lets go of the instance; the contact table always stays. remove-index, deployed: the index is taken off it, and the function, the module and all else of ours are deleted. " +
        "true, deployed after that: Terraform forgets the table. keep-index: both in one step, and the index stays.",
      false,
    ),
    adoptExisting: key(
      z.strictObject({
        module: key(
          connectId("flow module", "flow-module"),
          "Id or ARN of the module blockedStatus that was imported by hand; it keeps its id, so flows go on calling it. Default: none.",
        ),
        function: key(
          z.boolean(),
          "The function exists under function.name, and is changed in place. Under any other name leave it: ours takes its place in the module.",
          false,
        ),
        role: key(
          z.boolean(),
          "The role exists under function.roleName. Every permission but ours is taken from it once the module calls our function.",
          false,
        ),
        logGroup: key(
          z.boolean(),
          "The function's log group exists, from a function made by hand or from before a release.",
          false,
        ),
      }),
      "What was made by hand after the vendor's guide, and is taken over instead of made anew; the index needs no word. May stay for good. Default: nothing.",
    ),
    ...settings,
  })
  // Not z's own `required`: an instance without a name is read on, so that everything else in it is checked in the same run.
  .meta({ required: ["name", "id"] });

/** Keys of `environments/defaults.yaml`. */
export const defaultsSchema = z.strictObject(settings);

/** Keys of an environment file. */
export const environmentSchema = z
  .strictObject({
    ...settings,
    waves: key(
      list(
        text(
          environmentNamePattern,
          "a name for a wave",
          "Use lower-case letters, digits and hyphens, a letter first: canary.",
        ),
      ).min(
        1,
        refusal(
          () => "The list is empty, so no instance could be in a wave",
          "Name the waves in order, or remove the key.",
        ),
      ),
      "Names of the waves in which the instances are rolled out, the first one first. Default: none, all instances in one wave.",
    ),
    instances: key(z.array(instanceSchema), "The Connect instances of this environment, at least one."),
  })
  .meta({
    title: "ConnectPath call blocking: one environment",
    description:
      "Every key but waves and instances may also stand in defaults.yaml and in each instance. The innermost one counts: values and lists replace, maps merge key by key.",
  });

export type InstanceSettings = z.output<typeof instanceSchema>;
export type Settings = z.output<typeof defaultsSchema>;
export type EnvironmentSettings = z.output<typeof environmentSchema>;

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
