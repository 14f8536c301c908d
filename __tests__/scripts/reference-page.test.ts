/** Tests that docs/environments.md is current and has every key of the schema. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentJsonSchema } from "../../scripts/environment-schema";
import { referencePage } from "../../scripts/reference-page";
import { projectRoot } from "../../lambda/packaging";

test("docs/environments.md is current; if not, run: npm run reference", () => {
  // The formatter aligned the columns of the tables, so spaces are not compared.
  const text = (page: string): string => page.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---").trim();
  expect(text(readFileSync(join(projectRoot(), "docs/environments.md"), "utf8"))).toBe(text(referencePage()));
});

interface Keys {
  readonly properties?: Readonly<Record<string, Keys>>;
  readonly items?: Keys;
}

function paths(keys: Keys, prefix = ""): string[] {
  return Object.entries(keys.properties ?? {}).flatMap(([key, { items, ...inner }]) =>
    items === undefined
      ? [`${prefix}${key}`, ...paths(inner, `${prefix}${key}.`)]
      : [`${prefix}${key}`, ...paths(items, `${prefix}${key}[].`)],
  );
}

test("every key of the schema has one row with a description", () => {
  const rows = [...referencePage().matchAll(/^\| `([\w.[\]]+)` \| .+ \| .* \| (.+) \|$/gm)].map(([, key]) => key);
  const known = paths(environmentJsonSchema());
  // An instance also accepts the keys of an environment, but its table lists only its own keys.
  const expected = new Set(known.map((key) => key.replace(/^instances\[\]\./, "")));
  expect([...rows].sort()).toEqual([...expected].sort());
});
