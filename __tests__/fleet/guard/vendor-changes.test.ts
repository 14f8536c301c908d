/** A plan that differs from the table because the vendor changed it during the plan: the guard says to plan again. */
import { guard } from "../../../fleet/guard/guard";
import type { PlanJson } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedPlan } from "./recorded-plan";

const TABLE = "aws_dynamodb_table";

const fixesOf = (plan: PlanJson): readonly string[] =>
  guard(plan, recordedInstance(), "2026-11-26").violations.map(({ fix }) => fix);

/** The plan of a deployed instance, with other values of the table after the apply. */
function withTable(change: { readonly after?: object; readonly after_unknown?: object }): PlanJson {
  const plan = recordedPlan("no-change");
  return {
    ...plan,
    resource_changes: plan.resource_changes.map((resource) =>
      resource.type === TABLE
        ? {
            ...resource,
            change: {
              ...resource.change,
              actions: ["update"],
              after: { ...(resource.change.after as object), ...change.after },
              after_unknown: { ...(resource.change.after_unknown as object), ...change.after_unknown },
            },
          }
        : resource,
    ),
  };
}

test("a deleted index of the vendor may be one that the vendor has just added: plan again", () => {
  const fixes = fixesOf(recordedPlan("foreign-index-deleted"));
  expect(fixes.length).toBeGreaterThan(0);
  for (const fix of fixes) {
    expect(fix).toContain("Plan again, without -refresh=false.");
    expect(fix).toContain("if the vendor changes an index between the two reads");
  }
});

test("another change of the table is not explained by the vendor", () => {
  const fixes = fixesOf(withTable({ after: { deletion_protection_enabled: true } }));
  expect(fixes).toContainEqual(expect.stringContaining("The synthesized stack never plans such a change."));
  expect(fixes.join()).not.toContain("-refresh=false");
});

/** The plan with these default tags of the provider. */
function withDefaultTags(plan: PlanJson, tags: object): PlanJson {
  const configuration = JSON.parse(JSON.stringify(plan.configuration)) as {
    provider_config: { aws: { expressions: { default_tags: unknown } } };
  };
  configuration.provider_config.aws.expressions.default_tags = [{ tags: { constant_value: tags } }];
  return { ...plan, configuration };
}

test("unknown tags are explained by the default tag with an empty value", () => {
  const plan = withTable({ after_unknown: { tags_all: true } });
  expect(fixesOf(withDefaultTags(plan, { team: "voice", note: "" }))).toContainEqual(
    expect.stringContaining('The cause is the empty value of the provider\'s default tag "note".'),
  );
  expect(fixesOf(plan)).toContainEqual(
    expect.stringContaining("a default tag of the provider that is empty or known only after"),
  );
});

test("written and removed tags are named, with the cause", () => {
  const fixes = fixesOf(recordedPlan("tags-removed"));
  expect(fixes).toHaveLength(2);
  for (const fix of fixes)
    expect(fix).toContain(
      'Terraform would write the tags "managed-by" and "team" to the table and remove the tag "vendor" from the table. The cause is the ' +
        "table's ignore_changes, which must contain tags and tags_all: find out whether",
    );
});
