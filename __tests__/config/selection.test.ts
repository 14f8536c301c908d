/** Tests selection expressions: selected instances, errors, and rules that apply to any fleet. */
import fc from "fast-check";
import { parseSelection, select, SelectionError } from "../../config/selection";
import { unicodeString } from "../unicode-string";

const fleetInstance = (environment: string, name: string, region: string, account: string, wave = "all") => ({
  environment,
  name,
  region,
  account,
  stackName: `${environment}-${name}-${region}`,
  wave: { name: wave, index: 0 },
  suspended: false,
});
const fleet = [
  fleetInstance("dev", "acme-dev", "us-east-1", "111122223333"),
  fleetInstance("prod", "acme-one", "eu-west-1", "444455556666", "canary"),
  fleetInstance("prod", "acme-two", "us-west-2", "444455556666", "rest"),
  { ...fleetInstance("prod", "Globex", "eu-central-1", "777788889999", "rest"), suspended: true },
];

const selected = (expression: string): string[] => select(fleet, expression).map(({ name }) => name);
function refusal(expression: string, instances = fleet): string {
  try {
    select(instances, expression);
  } catch (error) {
    if (error instanceof SelectionError) return error.message;
    throw error;
  }
  throw new Error("the selection was accepted");
}

test.each([
  ["env=prod", ["acme-one", "acme-two", "Globex"]],
  ["region=eu-*", ["acme-one", "Globex"]],
  ["env=prod region=eu-* instance!=acme-*", ["Globex"]],
  ["region=eu-west-1,us-*", ["acme-dev", "acme-one", "acme-two"]],
  ["instance!=acme-one,acme-two", ["acme-dev", "Globex"]],
  ["account=4444*", ["acme-one", "acme-two"]],
  ["wave=canary", ["acme-one"]],
  ["env=prod wave!=canary", ["acme-two", "Globex"]],
  ["status=suspended", ["Globex"]],
  ["wave=rest status=active", ["acme-two"]],
  ["prod-*-us-west-2", ["acme-two"]],
  ["stack=prod-*-us-west-2", ["acme-two"]],
  ["instance=*acme*e*", ["acme-dev", "acme-one"]],
  ["dev-*,*-eu-central-1", ["acme-dev", "Globex"]],
  ["  *\t\n ", ["acme-dev", "acme-one", "acme-two", "Globex"]],
  ["ENV=PROD instance=globex", ["Globex"]],
])("the expression %j selects the matching instances", (expression, names) => {
  expect(selected(expression)).toEqual(names);
});

describe("an error", () => {
  test("names an unknown field and suggests the nearest one", () => {
    expect(refusal("regoin=eu-*")).toContain('"regoin=eu-*": "regoin" is not a field. Did you mean "region"?');
    expect(refusal("colour=red")).toContain(
      '"colour=red": "colour" is not a field. Allowed: env, instance, region, account, stack, wave, status.',
    );
  });

  test("lists every mistake of the expression, and the syntax", () => {
    const message = refusal("env= =x region=a,,b instance=a=b stack==x !prod");
    expect(message.split("\n").slice(0, 6)).toEqual([
      '"env=": a value is missing. Write a value on both sides of each comma.',
      '"=x": "" is not a field. Allowed: env, instance, region, account, stack, wave, status.',
      '"region=a,,b": a value is missing. Write a value on both sides of each comma.',
      '"instance=a=b": "a=b" is not a valid value. Use letters, digits, hyphens and *.',
      '"stack==x": "=x" is not a valid value. Use letters, digits, hyphens and *.',
      '"!prod": "!prod" is not a valid value. Use letters, digits, hyphens and *.',
    ]);
    expect(message).toContain("env=prod                 instances of the environment prod");
  });

  test.each(["", "  \n"])("of an empty expression (%j) says how to select everything", (expression) => {
    expect(refusal(expression)).toMatch(/^The selection is empty\. To select everything, write \*\.\n/);
  });

  test("names each value without a match, also in negated terms, and lists the existing values", () => {
    expect(refusal("env=prdo region!=ap-* dev-acme")).toBe(
      [
        '"env=prdo": no env matches "prdo". Did you mean "prod"?',
        "  Existing: dev, prod.",
        '"region!=ap-*": no region matches "ap-*".',
        "  Existing: eu-central-1, eu-west-1, us-east-1, us-west-2.",
        '"dev-acme": no stack matches "dev-acme".',
        "  Existing: dev-acme-dev-us-east-1, prod-Globex-eu-central-1, prod-acme-one-eu-west-1, prod-acme-two-us-west-2.",
      ].join("\n"),
    );
  });

  test.each(["acme-*-dev", "*acme*acme*", "acme", "*e-tw"])(
    "parts of a glob (%s) do not overlap, and the glob must match the whole name",
    (glob) => {
      expect(refusal(`instance=${glob}`)).toContain(`no instance matches "${glob}".`);
    },
  );

  test("of terms without a common match counts the matches of each term, and lists the stacks", () => {
    expect(refusal("env=dev region=eu-*")).toBe(
      'No instance matches all terms of "env=dev region=eu-*". env=dev alone matches 1. region=eu-* alone matches 2.\n' +
        "  Existing: dev-acme-dev-us-east-1, prod-Globex-eu-central-1, prod-acme-one-eu-west-1, prod-acme-two-us-west-2.",
    );
  });

  test("of a large fleet fits on one screen", () => {
    const large = Array.from({ length: 1000 }, (_, i) => fleetInstance("prod", `i${i}`, "eu-west-1", "111122223333"));
    const message = refusal("nothing", large);
    expect(message).toContain(", and 960 more.");
    expect(message.match(/prod-i/g)).toHaveLength(40);
  });
});

describe("for any fleet", () => {
  const name = fc.stringMatching(/^[ab-]{1,5}$/);
  const instance = fc
    .record({
      environment: name,
      name,
      region: fc.constantFrom("eu-west-1", "us-east-1"),
      account: fc.constantFrom("111122223333", "444455556666"),
    })
    .map((i) => fleetInstance(i.environment, i.name, i.region, i.account));
  const anyFleet = fc.array(instance, { minLength: 1, maxLength: 8 });
  const glob = fc.stringMatching(/^[ab*-]{1,8}$/);
  const field = fc.constantFrom("env", "instance", "region", "account", "stack");
  const valueOf = {
    env: "environment",
    instance: "name",
    region: "region",
    account: "account",
    stack: "stackName",
  } as const;

  /** Returns the selected instances; none if the selection is refused. */
  function selectOrNone<T extends (typeof fleet)[number]>(instances: readonly T[], expression: string): readonly T[] {
    try {
      return select(instances, expression);
    } catch (error) {
      if (error instanceof SelectionError) return [];
      throw error;
    }
  }

  test("a glob matches like the regular expression with .* for *", () => {
    fc.assert(
      fc.property(anyFleet, field, glob, (instances, by, pattern) => {
        const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
        expect(selectOrNone(instances, `${by}=${pattern}`)).toEqual(
          instances.filter((i) => expected.test(i[valueOf[by]])),
        );
      }),
    );
  });

  test("a term and its negation together select every instance exactly once", () => {
    fc.assert(
      fc.property(anyFleet, field, glob, (instances, by, pattern) => {
        const matching = selectOrNone(instances, `${by}=${pattern}`);
        const others = selectOrNone(instances, `${by}!=${pattern}`);
        // A value that matches no instance is refused in a term and in its negation.
        const expected = matching.length === 0 ? [] : instances.filter((i) => !matching.includes(i));
        expect(others).toEqual(expected);
      }),
    );
  });

  test("values are alternatives, terms are combined, and the order of the fleet is kept", () => {
    fc.assert(
      fc.property(anyFleet, field, glob, field, glob, (instances, a, x, b, y) => {
        const first = selectOrNone(instances, `${a}=${x}`);
        const second = selectOrNone(instances, `${b}=${y}`);
        const both = instances.filter((i) => first.includes(i) && second.includes(i));
        expect(selectOrNone(instances, `${a}=${x} ${b}=${y}`)).toEqual(both);
        const same = selectOrNone(instances, `${a}=${y}`);
        const either = instances.filter((i) => first.includes(i) || same.includes(i));
        if (first.length > 0 && same.length > 0) expect(selectOrNone(instances, `${a}=${x},${y}`)).toEqual(either);
      }),
    );
  });

  test("the exact name of a stack selects it", () => {
    fc.assert(
      fc.property(anyFleet, fc.nat(), (instances, n) => {
        const wanted = instances[n % instances.length]?.stackName ?? "";
        const stacks = select(instances, wanted).map(({ stackName }) => stackName);
        expect(new Set(stacks)).toEqual(new Set([wanted]));
      }),
    );
  });
});

test("arbitrary text is parsed or refused with a message", () => {
  const parts = fc.constantFrom("env", "region", "=", "!=", "!", ",", "*", " ", "prod", "\n", "é", "'", "$(");
  const text = fc.oneof(
    unicodeString(),
    fc.array(parts).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(text, (expression) => {
      try {
        expect(parseSelection(expression).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(SelectionError);
      }
    }),
  );
});

test("a glob with many stars is matched quickly", () => {
  const long = fleetInstance("dev", "a".repeat(45), "us-east-1", "111122223333");
  const started = performance.now();
  expect(refusal(`instance=${"*a".repeat(40)}*b`, [long])).toContain("no instance matches");
  // A backtracking matcher would take years.
  expect(performance.now() - started).toBeLessThan(5_000);
});
