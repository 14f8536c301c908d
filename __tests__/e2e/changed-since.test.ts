/** With one changed instance of twenty, only the changed instance is planned, and AWS gets no call for the others. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { copyProject } from "../../emulators/project-copy";
import { adoptable, createVendorTable } from "./vendor-tables";
import { createWorld, type World } from "./world";

jest.setTimeout(10 * 60_000);

const changed = "hash-only";
const names = [...Array.from({ length: 19 }, (_, n) => `acme-${n}`), changed];
let world: World;

beforeAll(async () => {
  world = await createWorld(names, { more: (name) => [`function: { memoryMb: ${name === changed ? 256 : 512} }`] });
  const vendor = adoptable.find((table) => table.name === changed);
  if (vendor === undefined) throw new Error(`there is no table ${changed}`);
  await createVendorTable(world.dynamodb, vendor);
});

afterAll(() => world.stop());

test("only the changed stack is planned, and the summary shows nineteen unchanged stacks", async () => {
  const project = path.join(String(world.env["CDKTF_OUTDIR"]), "../project");
  const yaml = readFileSync(path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml"), "utf8");
  copyProject(project, yaml);
  const unchanged = await world.fleetIn(project, "plan", "--changed-since", "HEAD");
  expect(unchanged.output).toContain("0 of 20 stacks differ");
  expect(unchanged.exitCode).toBe(0);

  writeFileSync(path.join(project, "environments/e2e.yaml"), yaml.replace("memoryMb: 256", "memoryMb: 1024"));
  world.proxy.clear();
  const [html, markdown] = ["html", "md"].map((kind) => path.join(project, `build/review.${kind}`)) as [string, string];
  const { exitCode, output } = await world.fleetIn(
    project,
    "plan",
    "--changed-since",
    "HEAD",
    "--read-only",
    "--review-html",
    html,
    "--review-md",
    markdown,
  );
  for (const review of [html, markdown]) expect(readFileSync(review, "utf8")).toContain(world.stackName(changed));
  expect(output).toContain("1 of 20 stacks differ");
  expect(output).toContain("[1/1]");
  expect(output.match(/ unchanged$/gm)).toHaveLength(19);
  expect(exitCode).toBe(2);
  const stacks = path.join(project, "build/plans/cdktf.out/stacks");
  const planned = readdirSync(stacks).filter((stack) => readdirSync(path.join(stacks, stack)).includes("fleet.plan"));
  expect(planned).toEqual([world.stackName(changed)]);
  const asked = world.proxy.calls().filter(({ service }) => service === "dynamodb");
  expect(asked.length).toBeGreaterThan(0);
  for (const { input } of asked) expect(JSON.stringify(input)).toContain(`dextr-${changed}`);
});

test("the review shows a removed and a suspended instance, and that both stay deployed", async () => {
  const project = path.join(String(world.env["CDKTF_OUTDIR"]), "../project");
  const file = path.join(project, "environments/e2e.yaml");
  const committed = readFileSync(file, "utf8").replace("memoryMb: 1024", "memoryMb: 256");
  const edited = committed
    .replace(/^ {2}- name: acme-18\n( {4}.*\n)+/m, "")
    .replace("  - name: acme-17\n", "  - name: acme-17\n    suspended: true\n");
  writeFileSync(file, edited);
  const { exitCode, output } = await world.fleetIn(project, "plan", "--changed-since", "HEAD");
  expect(output).toContain(`Removed from the environment files: ${world.stackName("acme-18")}. All resources stay`);
  expect(output).toContain(`Suspended: ${world.stackName("acme-17")}. All resources stay deployed as they are`);
  expect(exitCode).toBe(0);
  writeFileSync(file, committed);
});

test("after a change of the provider lock, a stack is planned although it does not differ", async () => {
  const project = path.join(String(world.env["CDKTF_OUTDIR"]), "../project");
  const file = path.join(project, "environments/e2e.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("memoryMb: 1024", "memoryMb: 256"));
  appendFileSync(path.join(project, "fleet/terraform/locks/aws-5.100.lock.hcl"), "# changed\n");
  const { output } = await world.fleetIn(
    project,
    "plan",
    `instance=${changed}`,
    "--changed-since",
    "HEAD",
    "--read-only",
  );
  expect(output).toContain("0 of 1 stacks differ from the base.");
  expect(output).toContain("aws-5.100.lock.hcl changed and can change every plan, so all stacks are planned.");
  expect(output).toContain("[1/1]");
});
