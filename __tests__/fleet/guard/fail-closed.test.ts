/** The guard fails closed: a damaged plan neither crashes the guard nor passes, and every unknown part is refused. */
import fc from "fast-check";
import { indexName } from "../../../config/aws-names";
import { guard } from "../../../fleet/guard/guard";
import { parsePlan, type PlanJson, UnreadablePlan } from "../../../fleet/terraform/plan-json";
import { isManagedType } from "../../../stacks/resource-types";
import { recordedInstance, recordedJson, recordedNames, recordedPlan, recordedSettings } from "./recorded-plan";

const today = "2026-06-30";
const instance = recordedInstance();
const plans = new Map(recordedNames.map((name) => [name, recordedPlan(name)]));
/** Without its settings, the plan of a stack that only reads the table lacks the table, and another change could add the table. */
const readingInstances = new Map(
  recordedNames
    .filter((name) => name.startsWith("reading-"))
    .map((name) => [name, recordedInstance(recordedSettings[name])]),
);
const instanceOf = (name: string) => readingInstances.get(name) ?? instance;
const refused = recordedNames.filter((name) => guard(planOf(name), instanceOf(name), today).violations.length > 0);
const passed = recordedNames.filter((name) => !refused.includes(name));

type Json = Record<string, unknown>;

/** A recorded plan, which is parsed once. It must not be changed. */
function planOf(name: string): PlanJson {
  const plan = plans.get(name);
  if (plan === undefined) throw new Error(`there is no recorded plan ${name}`);
  return plan;
}

/** The plan with an edited change of its table. */
function withTable(
  name: string,
  edit: (change: { before: Json; after: Json; after_unknown?: unknown }) => void,
): PlanJson {
  const plan = JSON.parse(JSON.stringify(planOf(name))) as PlanJson;
  for (const { type, change } of plan.resource_changes) if (type === "aws_dynamodb_table") edit(change as never);
  return plan;
}

const rulesOf = (plan: PlanJson, of = instance): string[] => guard(plan, of, today).violations.map(({ rule }) => rule);

/** Paths of all values in a value. */
function places(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => places(child, [...path, key]))];
}

/** The value with another value at a path. */
function replaced(value: unknown, [step, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (step === undefined) return by;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const child = (copy as Json)[step];
  const next = replaced(child, rest, by);
  if (next === undefined) Reflect.deleteProperty(copy, step);
  else (copy as Json)[step] = next;
  return copy;
}

test("a damaged plan is rejected or checked, without a crash", () => {
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, "no-op", ["no-op"], ["delete"], { id: 1 }, [null], "__proto__"),
  );
  const parsed = new Map(recordedNames.map((name) => [name, JSON.parse(recordedJson(name)) as unknown]));
  const placesIn = new Map([...parsed].map(([name, plan]) => [name, places(plan)]));
  fc.assert(
    fc.property(fc.constantFrom(...recordedNames), fc.nat(), junk, (name, at, by) => {
      const all = placesIn.get(name) ?? [];
      const damaged = JSON.stringify(replaced(parsed.get(name), all[at % all.length] ?? [], by)) as string | undefined;
      let read: PlanJson;
      try {
        read = parsePlan(damaged ?? "");
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadablePlan);
        return;
      }
      for (const { what, fix } of guard(read, instance, today).violations)
        expect(what + fix).not.toMatch(/undefined|\[object/);
    }),
    { numRuns: 600 },
  );
});

test("a refused plan with additional changes is refused too", () => {
  const others = recordedNames.flatMap((name) => planOf(name).resource_changes);
  fc.assert(
    fc.property(
      fc.constantFrom(...refused),
      fc.array(fc.constantFrom(...others), { maxLength: 12 }),
      fc.boolean(),
      (name, more, first) => {
        const plan = planOf(name);
        const resource_changes = first ? [...more, ...plan.resource_changes] : [...plan.resource_changes, ...more];
        expect(rulesOf({ ...plan, resource_changes }, instanceOf(name))).not.toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
});

test("every change of a type outside the catalogue is refused", () => {
  const type = fc.stringMatching(/^[a-z]{2,6}(_[a-z]{2,9}){1,4}$/).filter((type) => !isManagedType(type));
  const actions = fc.constantFrom<PlanJson["resource_changes"][number]["change"]["actions"]>(
    ["create"],
    ["update"],
    ["delete"],
    ["forget"],
    ["delete", "create"],
    ["create", "delete"],
  );
  fc.assert(
    fc.property(fc.constantFrom(...passed), type, actions, (name, of, does) => {
      const plan = planOf(name);
      const stranger = {
        address: `${of}.x`,
        mode: "managed" as const,
        type: of,
        name: "x",
        change: { actions: does, before: null, after: {} },
      };
      const resource_changes = [...plan.resource_changes, stranger];
      expect(rulesOf({ ...plan, resource_changes }, instanceOf(name))).not.toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test("a changed or unknown value of any attribute of the table is refused", () => {
  const keys = Object.keys(
    recordedPlan("no-change").resource_changes.find(({ type }) => type === "aws_dynamodb_table")?.change.after ?? {},
  );
  expect(keys.length).toBeGreaterThan(25);
  for (const key of [...keys, "warm_throughput", "a_key_of_a_later_provider"].filter((one) => one !== "timeouts")) {
    const changed = withTable("no-change", ({ after }) => {
      after[key] = after[key] === true ? false : "another";
    });
    const unknown = withTable("no-change", (change) => {
      change.after_unknown = { [key]: true };
    });
    expect([key, rulesOf(changed).length > 0, rulesOf(unknown).length > 0]).toEqual([key, true, true]);
  }
});

test("deletion protection that changes from true to null is refused", () => {
  const plan = withTable("no-change", ({ before, after }) => {
    before["deletion_protection_enabled"] = true;
    after["deletion_protection_enabled"] = null;
  });
  expect(rulesOf(plan)).toEqual(["table-settings"]);
});

test("our attribute definitions with another type and our index in another shape are refused", () => {
  const type = withTable("adoption", ({ after }) => {
    for (const one of after["attribute"] as Json[]) if (one["name"] === "Disposition") one["type"] = "N";
  });
  expect(rulesOf(type)).toEqual(["table-attributes"]);
  for (const [key, value] of [
    ["hash_key", "CustomerEndpoint"],
    ["range_key", ""],
    ["projection_type", "ALL"],
    ["non_key_attributes", ["a"]],
  ] as const) {
    const shape = withTable("adoption", ({ after }) => {
      for (const one of after["global_secondary_index"] as Json[]) if (one["name"] === indexName) one[key] = value;
    });
    expect([key, rulesOf(shape)]).toEqual([key, ["table-indexes"]]);
  }
});

describe("the new index", () => {
  /** The rules that refuse the adoption if the index, and the table, have these values. */
  const adopting = (index: Json, table: Json = {}): string[] =>
    rulesOf(
      withTable("adoption", ({ before, after }) => {
        for (const values of [before, after]) Object.assign(values, table);
        for (const one of after["global_secondary_index"] as Json[])
          if (one["name"] === indexName) Object.assign(one, index);
      }),
    );
  const provisioned = { billing_mode: "PROVISIONED", read_capacity: 1000, write_capacity: 500 };

  test("has the capacity of a provisioned table", () => {
    expect(adopting({ read_capacity: 1000, write_capacity: 500 }, provisioned)).toEqual([]);
  });

  test.each([
    [{ read_capacity: 1000, write_capacity: 1 }],
    [{ read_capacity: 1, write_capacity: 500 }],
    [{ read_capacity: 1000, write_capacity: 40_000 }],
    [{ read_capacity: 0, write_capacity: 0 }],
  ])("with another capacity than a provisioned table is refused: %j", (capacity) => {
    expect(adopting(capacity, provisioned)).toEqual(["table-indexes"]);
  });

  test.each([
    [{ write_capacity: 1 }],
    [{ on_demand_throughput: [{ max_read_request_units: -1, max_write_request_units: 1 }] }],
    [{ on_demand_throughput: [{ max_read_request_units: 1, max_write_request_units: -1 }] }],
    [{ warm_throughput: [{ read_units_per_second: 12_000, write_units_per_second: 4000 }] }],
  ])("with a capacity, a limit or warm throughput on an on-demand table is refused: %j", (limit) => {
    expect(adopting(limit)).toEqual(["table-indexes"]);
  });
});

test("only the capacity of an index may be unknown, and only on an on-demand table", () => {
  const open = (mask: Json, billing = "PAY_PER_REQUEST"): string[] =>
    rulesOf(
      withTable("no-change", (change) => {
        for (const values of [change.before, change.after]) values["billing_mode"] = billing;
        const indexes = change.after["global_secondary_index"] as Json[];
        for (const key of Object.keys(mask)) for (const one of indexes) Reflect.deleteProperty(one, key);
        change.after_unknown = { global_secondary_index: indexes.map(() => mask) };
      }),
    );
  expect(open({ read_capacity: true, write_capacity: true })).toEqual([]);
  expect(open({ read_capacity: true }, "PROVISIONED")).toContain("table-indexes");
  expect(open({ hash_key: true })).toContain("table-indexes");
});

test("the table must have the account and the region of the instance", () => {
  for (const [from, to] of [
    ["111122223333:table", "444455556666:table"],
    ["us-east-1:111122223333:table", "us-west-2:111122223333:table"],
  ] as const) {
    expect(rulesOf(parsePlan(recordedJson("no-change").replaceAll(from, to)))).toContain("table-identity");
  }
});

describe("release", () => {
  const releasing = (how: string) => recordedInstance(`release: ${how}`);
  /** A plan that deletes our resources, with these actions on the table. */
  function release(actions: readonly string[], name = "our-index-deleted"): PlanJson {
    const plan = JSON.parse(JSON.stringify(planOf(name))) as {
      resource_changes: { type: string; change: Json }[];
    };
    for (const { type, change } of plan.resource_changes) {
      if (type === "aws_dynamodb_table") change["actions"] = actions;
      else Object.assign(change, { actions: ["delete"], before: change["after"], after: null });
    }
    return { ...plan, applyable: true } as unknown as PlanJson;
  }

  test("remove-index: our resources and exactly our index are deleted", () => {
    expect(rulesOf(release(["update"]), releasing("remove-index"))).toEqual([]);
    expect(rulesOf(release(["update"]), instance)).toContain("table-indexes");
    expect(rulesOf(release(["update"], "foreign-index-deleted"), releasing("remove-index"))).toContain("table-indexes");
    expect(rulesOf(release(["update"], "no-change"), releasing("remove-index"))).toContain("table-indexes");
  });

  test.each(["forget", "keep-index"])("release: %s stops managing the table and does nothing else to it", (how) => {
    expect(rulesOf(release(["forget"], "no-change"), releasing(how))).toEqual([]);
    for (const actions of [["update"], ["no-op"], ["delete"], ["delete", "create"], ["create", "forget"]]) {
      expect(rulesOf(release(actions, "no-change"), releasing(how))).toContain("table-kept");
    }
    expect(rulesOf(release(["forget"], "no-change"), instance)).toContain("table-kept");
  });

  test("a plan may omit the table only after the table is no longer managed", () => {
    const plan = recordedPlan("no-change");
    const none = { ...plan, resource_changes: [] };
    expect(rulesOf(none, releasing("forget"))).toEqual([]);
    expect(rulesOf(none, releasing("remove-index"))).toEqual(["table-kept"]);
    expect(rulesOf(none)).toEqual(["table-kept"]);
  });
});

describe("allowances", () => {
  const allowing = (rule: string, until: string, resource = "aws_cloudwatch_log_group.blocked_calls") =>
    recordedInstance(`allowances: [{ resource: ${resource}, rule: ${rule}, reason: It moves., until: ${until} }]`);
  const plan = recordedPlan("log-group-deleted");

  test("an allowance permits a violation of its resource until the end of its last day, and is reported", () => {
    const { violations, allowed, expired, unused } = guard(plan, allowing("deletion", today), today);
    expect(violations).toEqual([]);
    expect(allowed[0]?.violation.rule).toBe("deletion");
    expect([...expired, ...unused]).toEqual([]);
  });

  test("an expired allowance has no effect, and is reported", () => {
    const { violations, expired } = guard(plan, allowing("deletion", "2026-06-29"), today);
    expect(violations[0]?.what).toContain("The allowance for this violation ended on 2026-06-29.");
    expect(expired).toHaveLength(1);
  });

  test("an allowance for another resource or another rule has no effect", () => {
    for (const other of [allowing("imports", today), allowing("deletion", today, "aws_cloudwatch_log_group.other")]) {
      const { violations, unused } = guard(plan, other, today);
      expect(violations).toHaveLength(1);
      expect(unused).toHaveLength(1);
    }
  });

  test("without a valid date, allowances have no effect", () => {
    for (const day of ["", "now", "2026"])
      expect(guard(plan, allowing("deletion", "2999-12-31"), day).violations).toHaveLength(1);
  });

  test("an allowance for a rule that allows no exceptions has no effect", () => {
    const forged = {
      resource: "aws_dynamodb_table.contacts",
      rule: "table-kept" as const,
      reason: "x",
      until: "2999-12-31",
    };
    expect(rulesOf(recordedPlan("table-replaced"), { ...instance, allowances: [forged] })).toEqual(["table-kept"]);
  });
});
