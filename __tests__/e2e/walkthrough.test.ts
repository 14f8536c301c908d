/** Runs docs/quick-start.md command by command, from an untouched table to the same table at the end. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { parse } from "yaml";
import { projectRoot } from "../../lambda/packaging";
import { adoptable, createVendorTable, readTable, type TableState } from "./vendor-tables";
import { ACCOUNT, BUCKET, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "on-demand";
const stack = `acme-${name}-${REGION}`;

interface Step {
  readonly command: string;
  readonly finished: Finished;
}

let world: World;
let before: TableState;
let after: TableState;
const steps: Step[] = [];

const nth = (command: string, n: number): Finished => {
  const found = steps.filter((step) => step.command.startsWith(`${command} `))[n];
  if (found === undefined) throw new Error(`the page has no ${command} number ${n + 1}`);
  return found.finished;
};

async function choose(disposition: string): Promise<void> {
  await world.dynamodb.send(
    new UpdateItemCommand({
      TableName: `dextr-${name}`,
      Key: { hash: { S: "contact-4" }, range: { S: "ctr" } },
      UpdateExpression: "SET Disposition = :d",
      ExpressionAttributeValues: { ":d": { S: disposition } },
    }),
  );
}

/** The commands of the page, and the edits of the environment file, in order. */
function blocksOfThePage(): readonly { readonly language: string; readonly text: string }[] {
  const page = readFileSync(path.join(projectRoot(), "docs/quick-start.md"), "utf8");
  return [...page.matchAll(/^```(sh|yaml)\n([^]*?)^```/gm)].map(([, language = "", text = ""]) => ({ language, text }));
}

beforeAll(async () => {
  world = await createWorld([name], { isProviderInstalled: true });
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  before = await readTable(world.dynamodb, name);
  // The page starts without an environment file.
  const directory = String(world.env["ENVIRONMENTS_DIR"]);
  rmSync(path.join(directory, "e2e.yaml"));
  const file = path.join(directory, "acme.yaml");
  const plans = path.join(directory, "../plans");

  for (const { language, text } of blocksOfThePage()) {
    if (language === "yaml") {
      const others = readFileSync(file, "utf8").replaceAll(/^ *release: .*\n/gm, "");
      writeFileSync(file, `${others.trimEnd()}\n    ${text.trim()}\n`);
      continue;
    }
    for (const line of text.trim().split("\n")) {
      const given = /^npm run (?:--silent )?fleet -- (.+?)(?: > (\S+))?$/.exec(line);
      if (given === null) throw new Error(`unknown command on the page: ${line}`);
      const [, command = "", redirected] = given;
      const words = command.split(" ");
      if (words[0] === "plan") words.push("--plans", plans);
      if (words[0] === "deploy") words.push("--plans", plans);
      if (command.startsWith("check ") && steps.some((step) => step.command.startsWith("check "))) {
        await choose("Resolved");
      }
      const finished = await world.fleet(...words);
      steps.push({ command, finished });
      if (redirected !== undefined) writeFileSync(file, inTheEmulators(finished.output));
    }
  }
  await choose("Blocked");
  after = await readTable(world.dynamodb, name);
});

afterAll(() => world.stop());

/** The file of `discover` with the state bucket filled in. */
function inTheEmulators(discovered: string): string {
  const state = `  bucket: ${BUCKET}\n  endpoint: ${String(world.env["AWS_ENDPOINT_URL"])}\n  usePathStyle: true`;
  const corrected = discovered.replace(/^ {2}bucket: .*$/m, state);
  expect(corrected).not.toBe(discovered);
  return corrected;
}

test("every command of the page succeeds", () => {
  const ended = steps.map(({ command, finished }) => [command, finished.exitCode] as const);
  const wanted = steps.map(({ command }) => [command, command.startsWith("plan ") ? 2 : 0] as const);
  const troubles = steps.filter(({ finished }, n) => finished.exitCode !== wanted[n]?.[1]);
  // The output of failed commands.
  expect(troubles.map(({ command, finished }) => `${command}\n${finished.output}`)).toEqual([]);
  expect(ended).toEqual(wanted);
  expect(steps.length).toBeGreaterThan(10);
});

test("discover finds the table and names it as the one to adopt", () => {
  expect(parse(nth("discover", 0).output)).toMatchObject({
    account: ACCOUNT,
    region: REGION,
    blockedDispositions: ["Blocked"],
    instances: [{ name, id: world.instanceId(name) }],
  });
});

test("preflight reads every contact and finds no problem", () => {
  const { output } = nth("preflight", 0);
  expect(output).toContain(`${before.items.length} items read`);
  expect(output).toContain("The whole table was read.");
  expect(output).toContain("No item violates the index.");
  expect(output).toContain("1 can be deployed (0 with warnings), 0 not yet.");
});

/** The row of the stack in the summary of a plan: counts, and the result of the guard. */
function row(n: number): string[] {
  const found = new RegExp(`^${stack} +(.+)$`, "m").exec(nth("plan", n).output)?.[1];
  return found?.split(/ +/) ?? [];
}

test("the first plan imports the table and changes nothing else; the last plan only forgets it", () => {
  expect(row(0)).toEqual(["1", expect.stringMatching(/^\d+$/), "1", "-", "-", "allowed"]);
  // Removes the index and all our resources.
  expect(row(1)).toEqual(["-", "-", "1", expect.stringMatching(/^\d+$/), "1", "allowed"]);
  expect(row(2)).toEqual(["-", "-", "-", "-", "1", "allowed"]);
  for (const n of [0, 1, 2]) expect(nth("deploy", n).output).toContain("Everything is deployed and verified.");
});

test("verify passes every check after the deployment", () => {
  const { output } = nth("verify", 0);
  const checks = [...output.matchAll(/^ {2}(ok|FAILED|unproven) +(\S.*?) {2,}(.+)$/gm)].map(([, ...parts]) => parts);
  const found = new Map(checks.map(([outcome, check, detail]) => [check, `${outcome ?? ""}: ${detail ?? ""}`]));
  expect([...found.keys()].sort()).toEqual([
    "alias",
    "association",
    "configuration",
    "content",
    "environment",
    "flows",
    "function",
    "index",
    "listed: Blocked",
    "module",
    "permission",
    "published",
    "role",
    "table",
    "time",
    "unlisted number",
  ]);
  expect([...found.values()].filter((text) => !text.startsWith("ok: "))).toEqual([]);
  expect(found.get("listed: Blocked")).toBe("ok: For a number with this Disposition the answer is match.");
  expect(found.get("unlisted number")).toBe("ok: The answer is nomatch.");
  expect(output).toContain("1 instance: 1 proven, 0 unproven, 0 failed.");
});

test("a blocked caller is no longer blocked after the contact is overridden", () => {
  const [blocked, overridden] = [nth("check", 0).output, nth("check", 1).output];
  for (const output of [blocked, overridden]) expect(output).not.toContain("5555550101");
  expect(blocked).toContain(
    `${stack}: BLOCKED (blocked)\n  A contact of +1••••••••01 has the blocked Disposition "Blocked".`,
  );
  expect(blocked).toMatch(/^ +contact-4 +ctr$/m);
  expect(overridden.trim()).toBe(
    `${stack}: not blocked (not_blocked)\n  No contact of +1••••••••01 has the Disposition "Blocked".`,
  );
});

test("at the end the table is as before, item by item and index by index", () => {
  expect(after.items).toEqual(before.items);
  expect(after.indexes).toEqual(before.indexes);
  expect(after.attributes).toEqual(before.attributes);
  expect(after.table).toEqual(before.table);
});

test("no call deleted the table or wrote an item", () => {
  const changes = world.proxy.mutating("dynamodb").map(({ operation, input }) => {
    const updates = (input as { GlobalSecondaryIndexUpdates?: readonly object[] }).GlobalSecondaryIndexUpdates ?? [];
    return [operation, ...updates.flatMap((update) => Object.keys(update))];
  });
  expect(changes).toEqual([
    ["UpdateTable", "Create"],
    ["UpdateTable", "Delete"],
  ]);
});

test("Connect has none of our resources at the end", () => {
  expect(world.connect.modules(world.instanceId(name)).size).toBe(0);
  expect(world.connect.associations(world.instanceId(name))).toEqual([]);
});
