/** The review: the verdict first, one diff for equal changes, no secrets, and all text escaped. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { PlanJson } from "../../../fleet/terraform/plan-json";
import { changesByOthers } from "../../../fleet/review/changes-by-others";
import { diffOfPlan } from "../../../fleet/review/diff";
import { reviewHtml } from "../../../fleet/review/html";
import { reviewMarkdown } from "../../../fleet/review/markdown";
import type { PlannedStack } from "../../../fleet/review/review";
import { reviewOf, verdictOf } from "../../../fleet/review/review";
import { recordedNames, recordedPlan } from "../guard/recorded-plan";
import { everything, planned, without } from "./planned-stacks";
import { unicodeString } from "../../unicode-string";

const linesOf = (name: string): string[] =>
  diffOfPlan(recordedPlan(name)).flatMap(({ address, verb, lines, iam }) => [
    `${verb} ${address}`,
    ...[...lines, ...iam].map(({ sign, text }) => `${sign} ${text}`),
  ]);

describe("the verdict", () => {
  const nothing = planned("no-change");
  const change = planned("lambda-edit");
  const refused = planned("table-replaced");
  const failed = without("broken", { failure: "Error: no credentials" });
  const unchecked: PlannedStack = { instance: change.instance, plan: recordedPlan("lambda-edit") };

  test.each<[string, readonly PlannedStack[], number]>([
    ["no stacks", [], 0],
    ["stacks without changes", [nothing, without("same", { unchanged: true })], 0],
    ["a change by the vendor", [planned("vendor-index-added")], 0],
    ["changes that are allowed", [nothing, change], 2],
    ["an adoption", [planned("adoption")], 2],
    ["a failure beside changes", [change, failed], 1],
    ["a plan that the guard has not checked", [unchecked], 1],
    ["a stack without a plan and without a reason", [without("lost", {})], 1],
    ["a refusal beside a failure", [change, failed, refused], 3],
  ])("is the same in every format for %s", (_name, stacks, exitCode) => {
    expect(verdictOf(stacks).exitCode).toBe(exitCode);
    const { sentence } = verdictOf(stacks);
    expect(reviewMarkdown(stacks).split("\n")[0]).toContain(sentence);
    expect(reviewHtml(stacks).indexOf(sentence)).toBeLessThan(reviewHtml(stacks).indexOf("<main>"));
  });
});

describe("changes", () => {
  test("the diff of the table names the new index and no unchanged index", () => {
    const lines = linesOf("adoption");
    expect(lines).toContain("import and change aws_dynamodb_table.contacts");
    expect(lines).toContain(
      "+ index Disposition-CustomerEndpoint-index: keys Disposition, CustomerEndpoint; KEYS_ONLY",
    );
    expect(lines.join("\n")).not.toContain("vendor-");
  });

  test("a deleted index is named", () => {
    expect(linesOf("foreign-index-deleted")).toEqual([
      "change aws_dynamodb_table.contacts",
      "- attribute g1: S",
      "- attribute g2: N",
      "- index vendor-1: keys g1, g2; ALL",
    ]);
  });

  test("a changed parameter of a flow's block is shown under the block's name", () => {
    expect(linesOf("module-edit")).toContain(
      "~ content › block Ask the Lambda › Parameters › LambdaInvocationAttributes › BlockedDisposition: Blocked → Nuisance:Confirmed",
    );
  });

  test("permissions of a new role are listed by action and resource", () => {
    expect(linesOf("adoption")).toEqual(
      expect.arrayContaining([
        '+ may: {"Service":"lambda.amazonaws.com"} sts:AssumeRole',
        "+ may: dynamodb:Query on arn:aws:dynamodb:us-east-1:111122223333:table/dextr-recorded/index/Disposition-CustomerEndpoint-index",
        "+ may: logs:PutLogEvents on arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/blockedCalls-recorded:*",
      ]),
    );
  });

  test("a changed policy shows removed and added permissions", () => {
    const lines = linesOf("function-renamed");
    expect(lines).toContainEqual(expect.stringMatching(/^- may: logs:PutLogEvents on .*blockedCalls-recorded/));
    expect(lines).toContainEqual(expect.stringMatching(/^\+ may: logs:PutLogEvents on .*\/lookup/));
    expect(lines.join("\n")).not.toContain("dynamodb:Query");
  });

  test("changes by others are listed with their probable author, without values that AWS sets", () => {
    expect(changesByOthers(recordedPlan("no-change"))).toEqual([]);
    const [vendor] = changesByOthers(recordedPlan("vendor-index-added"));
    expect(vendor?.lines.map(({ text }) => text)).toContain("index vendor-3: keys g3; ALL");
    expect(vendor?.meaning).toContain("The plan keeps the change.");
    const module = changesByOthers(recordedPlan("module-edited-in-console")).find(({ address }) =>
      address.includes("module"),
    );
    expect(module?.lines.map(({ text }) => text)).toContain(
      "content › block Ask the Lambda › Parameters › InvocationTimeLimitSeconds: 3 → 8",
    );
    expect(module?.meaning).toBe("Probably edited in the Connect console. The plan reverts the change.");
  });
});

describe("several instances", () => {
  const review = reviewOf(everything);

  test("instances with the same change share one diff", () => {
    expect(review.changes.map(({ stacks }) => stacks.length)).toEqual([3, 1, 1, 1, 1, 1, 1]);
    expect(review.changes[0]?.stacks).toEqual(["dev-north-us-east-1", "dev-south-us-east-1", "dev-east-us-east-1"]);
    expect(reviewMarkdown(everything).match(/BlockedDisposition: Blocked → /g)).toHaveLength(1);
    expect(reviewHtml(everything).match(/BlockedDisposition: Blocked → /g)).toHaveLength(1);
  });

  test("each planned stack has a row, refused stacks come first, and unchanged stacks are counted", () => {
    expect(review.rows).toHaveLength(everything.length - 1);
    expect(review.rows.map(({ guard }) => guard).slice(0, 4)).toEqual(["refused", "refused", "failed", "allowed"]);
    expect(review.unchanged).toBe(1);
    expect(reviewMarkdown(everything)).toContain("| dev-fresh-us-east-1 | 1 | 29 | 1 | 0 | ✅ passed |");
  });

  test("used and expired allowances are shown", () => {
    expect(review.allowed.map(({ value: { allowance } }) => allowance.resource)).toEqual([
      "aws_cloudwatch_log_group.blocked_calls",
    ]);
    expect(review.expired.map(({ value }) => value.resource)).toEqual(["aws_iam_role.old"]);
    expect(reviewMarkdown(everything)).toContain("The log moves to the shared group.");
  });
});

describe("secrets", () => {
  test("phone numbers in a function's environment and in failures are redacted", () => {
    for (const text of [reviewMarkdown(everything), reviewHtml(everything)]) {
      expect(text).toContain("+1••••••••00");
      expect(text).toContain("+1••••••••23");
      expect(text.replace(/base64,[\w+/=]+/g, "")).not.toMatch(/\+1\d{4,}/);
    }
  });

  test("a value that Terraform marks as sensitive is not shown", () => {
    for (const key of ["before_sensitive", "after_sensitive"]) {
      const text = JSON.stringify(recordedPlan("lambda-edit"));
      const plan = JSON.parse(text) as PlanJson;
      const hidden = {
        ...plan,
        resource_changes: plan.resource_changes.map((one) =>
          one.type === "aws_lambda_function"
            ? { ...one, change: { ...one.change, [key]: { environment: [{ variables: { EXEMPT_NUMBERS: true } }] } } }
            : one,
        ),
      };
      const lines = diffOfPlan(hidden).flatMap(({ lines: all }) => all.map(({ text: line }) => line));
      expect(lines).toContain("environment: (sensitive)");
      expect(lines.join("\n")).not.toContain("EXEMPT_NUMBERS");
    }
  });
});

describe("a comment on a pull request", () => {
  test("stays below GitHub's limit, names omitted parts, and closes every fence", () => {
    const adoption = JSON.stringify(planned("adoption", "acme-template", "function: { memoryMb: 128 }"));
    const edit = JSON.stringify(planned("module-edit", "acme-template"));
    // Each instance has a different change, so that no two instances share a diff. The diff of an adoption is much longer than that of an edit.
    const many = Array.from({ length: 400 }, (_, n) =>
      (n < 30 ? adoption : edit)
        .replaceAll("acme-template", `acme-${n}`)
        .replaceAll('"memory_size":512', `"memory_size":${128 + n}`)
        .replaceAll("Nuisance:Confirmed", `Nuisance:Kind ${n}`),
    ).map((text) => JSON.parse(text) as PlannedStack);
    const text = reviewMarkdown(many);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain("Shortened: the comment would be too long for GitHub.");
    expect(text).toMatch(/and \d+ more rows, omitted/);
    const fences = text.split("\n").filter((line) => line.startsWith("```"));
    expect(fences.length % 2).toBe(0);
    expect(fences.filter((line) => line === "```")).toHaveLength(fences.length / 2);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  test("a failure that is longer than a comment is shortened to its end, which contains the error", () => {
    const failure = `${"x".repeat(100_000)}\n${"line\n".repeat(10_000)}Error: the end`;
    const text = reviewMarkdown([without("broken", { failure })]);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain("Error: the end");
  });
});

const hostile = fc.oneof(
  fc.constantFrom(
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "```\n# owned\n```",
    "@everyone",
    "[click](https://example.com)",
    "| a | b |",
    "</style></title><h1>",
    "${{ secrets.TOKEN }}",
    "\u0000\ud800",
    "<!-- -->",
    "</details>",
  ),
  unicodeString({ maxLength: 40 }),
);

/** Stacks with a text in every place that can contain foreign text. */
function stacksWithText(text: string): PlannedStack[] {
  const stack = planned("lambda-edit");
  const { plan } = stack;
  if (plan === undefined) throw new Error("no plan");
  const resource_changes = plan.resource_changes.map((one) =>
    one.type === "aws_lambda_function"
      ? { ...one, change: { ...one.change, after: { description: text, [text]: text } } }
      : one,
  );
  const violation = { rule: "deletion" as const, address: text, what: text, fix: text };
  return [
    {
      ...stack,
      plan: { ...plan, resource_changes, resource_drift: resource_changes },
      guard: { violations: [violation], allowed: [], expired: [], unused: [] },
    },
    without("broken", { failure: text === "" ? "-" : text }),
  ];
}

test("the HTML escapes all text, and loads and runs nothing", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const page = reviewHtml(stacksWithText(text));
      const body = page.replace(/<style>.*?<\/style>/s, "");
      // Text and attributes are escaped, so that only our own tags are tags.
      expect(
        body.match(
          /<(?!\/?(html|head|meta|title|body|header|main|section|article|table|thead|tbody|tr|th|td|p|h[1-4]|span|code|pre|ul|li|div|strong|figure|figcaption|img)\b|!doctype)/gi,
        ),
      ).toBeNull();
      expect(body).not.toMatch(/<[^>]*\son\w+=/i);
      expect(body).not.toMatch(/(src|href)="(?!data:image\/svg\+xml;base64,)/);
    }),
    { numRuns: 60 },
  );
});

test.each(["\u0000", "\u000b", "\u007f", "\u0085", "\u009f", "\ud800", "\ufffe", "\u2028", "\u202e"])(
  "the character %j, which HTML does not allow, is escaped",
  (character) => {
    const page = reviewHtml([without("broken", { failure: `one${character}two` })]);
    expect(page).toMatch(/<pre>one\\u\{[\da-f]+\}two<\/pre>/);
  },
);

test.each(["\u00a0", "é", "😀"])("the character %j stays unchanged", (character) => {
  const page = reviewHtml([without("broken", { failure: `one${character}two` })]);
  expect(page).toContain(`<pre>one${character}two</pre>`);
});

test("the content security policy allows exactly the one style", () => {
  const page = reviewHtml(everything);
  const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
  expect(page).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`.replaceAll("'", "&#39;"));
  expect(page).toContain("default-src &#39;none&#39;");
  expect(page).not.toMatch(/ style="|<script|<link|https?:\/\//);
});

test("the Markdown escapes all text: no markup, no mention, no closed fence", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const page = reviewMarkdown(stacksWithText(text));
      const outside: string[] = [];
      let fence: string | undefined;
      for (const line of page.split("\n")) {
        const ticks = /^(`{3,})(\w*)$/.exec(line);
        if (fence === undefined && ticks !== null) fence = ticks[1];
        else if (fence !== undefined && line === fence) fence = undefined;
        else if (fence === undefined) outside.push(line);
      }
      expect(fence).toBeUndefined();
      expect(outside.join("\n")).not.toMatch(/<(?!\/?(code|details|summary)>)|@|`|\]\(/);
    }),
    { numRuns: 60 },
  );
});

test("the reviews of all recorded plans contain no missing value", () => {
  for (const name of recordedNames) {
    const stacks = [planned(name)];
    for (const text of [reviewMarkdown(stacks), reviewHtml(stacks)]) expect(text).not.toMatch(/undefined|\[object|NaN/);
  }
});

test("a first deployment shows the table first, then the permissions, and folds the new alarms", () => {
  const markdown = reviewMarkdown([planned("adoption")]);
  const html = reviewHtml([planned("adoption")]);
  for (const text of [markdown, html]) {
    const places = [
      "aws_dynamodb_table.contacts",
      "Permissions",
      "may: connect.amazonaws.com",
      "aws_lambda_function.blocked_calls",
      "<summary>11 new alarms</summary>",
      "aws_cloudwatch_metric_alarm.lookup_errors",
      "</details>",
    ].map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
  }
  const order = [
    "import and change aws_dynamodb_table",
    "**Permissions**",
    "create aws_lambda_function",
    "11 new alarms",
  ];
  const places = order.map((part) => markdown.indexOf(part));
  expect(places).toEqual([...places].sort((a, b) => a - b));
});
