/** The review of a fleet: the verdict first, one diff for many, nothing secret, and every text in it only text. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { PlanJson } from "../../../fleet/terraform/plan-json";
import { changesByOthers, diffOfPlan } from "../../../fleet/review/diff";
import { reviewHtml } from "../../../fleet/review/html";
import { reviewMarkdown } from "../../../fleet/review/markdown";
import type { PlannedStack } from "../../../fleet/review/review";
import { reviewOf, verdictOf } from "../../../fleet/review/review";
import { recordedNames, recordedPlan } from "../guard/recorded-plan";
import { everything, planned, without } from "./planned-stacks";

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
  const unjudged: PlannedStack = { instance: change.instance, plan: recordedPlan("lambda-edit") };

  test.each<[string, readonly PlannedStack[], number]>([
    ["no stack at all", [], 0],
    ["nothing to do", [nothing, without("same", { unchanged: true })], 0],
    ["something changed by the vendor alone", [planned("vendor-index-added")], 0],
    ["changes that are allowed", [nothing, change], 2],
    ["an import and nothing else", [planned("adoption")], 2],
    ["a failure beside changes", [change, failed], 1],
    ["a plan that nobody judged", [unjudged], 1],
    ["a stack without a plan and without a word why", [without("lost", {})], 1],
    ["a refusal beside a failure", [change, failed, refused], 3],
  ])("%s", (_name, stacks, exitCode) => {
    expect(verdictOf(stacks).exitCode).toBe(exitCode);
    const { sentence } = verdictOf(stacks);
    expect(reviewMarkdown(stacks).split("\n")[0]).toContain(sentence);
    expect(reviewHtml(stacks).indexOf(sentence)).toBeLessThan(reviewHtml(stacks).indexOf("<main>"));
  });
});

describe("what changes", () => {
  test("of the table, the one index is named, and no index that stays is mentioned", () => {
    const lines = linesOf("adoption");
    expect(lines).toContain("import and change aws_dynamodb_table.contacts");
    expect(lines).toContain(
      "+ index Disposition-CustomerEndpoint-index: keys Disposition, CustomerEndpoint; KEYS_ONLY",
    );
    expect(lines.join("\n")).not.toContain("vendor-");
  });

  test("an index that goes is named", () => {
    expect(linesOf("foreign-index-deleted")).toEqual([
      "change aws_dynamodb_table.contacts",
      "- attribute g1: S",
      "- attribute g2: N",
      "- index vendor-1: keys g1, g2; ALL",
    ]);
  });

  test("a parameter of a flow's block is told by the block's name", () => {
    expect(linesOf("module-edit")).toContain(
      "~ content › block Ask the Lambda › Parameters › LambdaInvocationAttributes › BlockedDisposition: Blocked → Nuisance:Confirmed",
    );
  });

  test("what a new role may do is spelled out, an action and a resource at a time", () => {
    expect(linesOf("adoption")).toEqual(
      expect.arrayContaining([
        '+ may: {"Service":"lambda.amazonaws.com"} sts:AssumeRole',
        "+ may: dynamodb:Query on arn:aws:dynamodb:us-east-1:111122223333:table/dextr-recorded/index/Disposition-CustomerEndpoint-index",
        "+ may: logs:PutLogEvents on arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/blockedCalls-recorded:*",
      ]),
    );
  });

  test("a permission that a policy loses stands beside the one that it gets", () => {
    const lines = linesOf("function-renamed");
    expect(lines).toContainEqual(expect.stringMatching(/^- may: logs:PutLogEvents on .*blockedCalls-recorded/));
    expect(lines).toContainEqual(expect.stringMatching(/^\+ may: logs:PutLogEvents on .*\/lookup/));
    expect(lines.join("\n")).not.toContain("dynamodb:Query");
  });

  test("what others changed stands apart, with who it probably was, and without what AWS fills in", () => {
    expect(changesByOthers(recordedPlan("no-change"))).toEqual([]);
    const [vendor] = changesByOthers(recordedPlan("vendor-index-added"));
    expect(vendor?.lines.map(({ text }) => text)).toContain("index vendor-3: keys g3; ALL");
    expect(vendor?.meaning).toContain("changes nothing about it");
    const module = changesByOthers(recordedPlan("module-edited-in-console")).find(({ address }) =>
      address.includes("module"),
    );
    expect(module?.lines.map(({ text }) => text)).toContain(
      "content › block Ask the Lambda › Parameters › InvocationTimeLimitSeconds: 3 → 8",
    );
    expect(module?.meaning).toBe(
      "Probably somebody who edited it in the Connect console. The plan sets it back to what the stack says.",
    );
  });
});

describe("a fleet", () => {
  const review = reviewOf(everything);

  test("instances with the same change share one diff; the others are named by theirs", () => {
    expect(review.changes.map(({ stacks }) => stacks.length)).toEqual([3, 1, 1, 1, 1, 1, 1]);
    expect(review.changes[0]?.stacks).toEqual(["dev-north-us-east-1", "dev-south-us-east-1", "dev-east-us-east-1"]);
    expect(reviewMarkdown(everything).match(/BlockedDisposition: Blocked → /g)).toHaveLength(1);
    expect(reviewHtml(everything).match(/BlockedDisposition: Blocked → /g)).toHaveLength(1);
  });

  test("has a row for each that was planned, the refused ones on top, and counts those that were not", () => {
    expect(review.rows).toHaveLength(everything.length - 1);
    expect(review.rows.map(({ guard }) => guard).slice(0, 4)).toEqual(["refused", "refused", "failed", "allowed"]);
    expect(review.unchanged).toBe(1);
    expect(reviewMarkdown(everything)).toContain("| dev-fresh-us-east-1 | 1 | 29 | 1 | 0 | ✅ passed |");
  });

  test("shows allowances that were used and those that ended", () => {
    expect(review.allowed.map(({ value: { allowance } }) => allowance.resource)).toEqual([
      "aws_cloudwatch_log_group.blocked_calls",
    ]);
    expect(review.expired.map(({ value }) => value.resource)).toEqual(["aws_iam_role.old"]);
    expect(reviewMarkdown(everything)).toContain("The log moves to the shared group.");
  });
});

describe("what must not be read", () => {
  test("no telephone number, whether in the environment of a function or in a failure", () => {
    for (const text of [reviewMarkdown(everything), reviewHtml(everything)]) {
      expect(text).toContain("+1••••••••00");
      expect(text).toContain("+1••••••••23");
      expect(text.replace(/base64,[\w+/=]+/g, "")).not.toMatch(/\+1\d{4,}/);
    }
  });

  test("a value that Terraform marks as sensitive, before or after", () => {
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
  test("is cut below GitHub's limit, says what it leaves out, and leaves every fence closed", () => {
    const many = Array.from({ length: 400 }, (_unused, n) =>
      planned("adoption", `acme-${n}`, `function: { memoryMb: ${128 + n} }`),
    )
      // Each with a change of its own, so that none can share.
      .map((stack, n) => ({
        ...stack,
        plan: JSON.parse(
          JSON.stringify(stack.plan).replaceAll('"memory_size":512', `"memory_size":${128 + n}`),
        ) as PlanJson,
      }));
    const text = reviewMarkdown(many);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain("Cut: this comment would be too long for GitHub.");
    expect(text).toMatch(/and \d+ more rows, left out/);
    const fences = text.split("\n").filter((line) => line.startsWith("```"));
    expect(fences.length % 2).toBe(0);
    expect(fences.filter((line) => line === "```")).toHaveLength(fences.length / 2);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  test("a failure that is longer than a comment is cut to its end, where the error stands", () => {
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
  fc.string({ unit: "binary", maxLength: 40 }),
);

/** A fleet in which a text stands wherever somebody else's text can stand. */
function saying(text: string): PlannedStack[] {
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

test("in the HTML any text is only text, and nothing is loaded or run", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const page = reviewHtml(saying(text), { title: text });
      const body = page.replace(/<style>.*?<\/style>/s, "");
      // What stands between tags or in attributes is escaped, so that only our own tags are tags.
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

test.each(["\u0000", "\u000b", "\u007f", "\u0085", "\u009f", "\ud800", "\ufffe"])(
  "%j, which HTML cannot hold, is told by a character in its place",
  (character) => {
    const page = reviewHtml(everything, { title: `one${character}two` });
    expect(page).toContain('<p class="title">one\u{FFFD}two</p>');
  },
);

test.each(["\t", "\u00a0", "\u2028", "é", "😀"])("%j stays as it is", (character) => {
  const page = reviewHtml(everything, { title: `one${character}two` });
  expect(page).toContain(`<p class="title">one${character}two</p>`);
});

test("the page's policy allows exactly its one style", () => {
  const page = reviewHtml(everything);
  const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
  expect(page).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`.replaceAll("'", "&#39;"));
  expect(page).toContain("default-src &#39;none&#39;");
  expect(page).not.toMatch(/ style="|<script|<link|https?:\/\//);
});

test("in the Markdown any text is only text: no markup, no mention, no fence that it could end", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const page = reviewMarkdown(saying(text), { title: text });
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

test("whatever a recorded plan holds, both are written, and neither shows a value that is missing", () => {
  for (const name of recordedNames) {
    const stacks = [planned(name)];
    for (const text of [reviewMarkdown(stacks), reviewHtml(stacks)]) expect(text).not.toMatch(/undefined|\[object|NaN/);
  }
});
