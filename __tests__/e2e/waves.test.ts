/** `cdktf deploy` with a pattern deploys wave by wave, and a failed wave stops the next one. */
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { adoptable, createVendorTable } from "./vendor-tables";
import { createWorld, type Finished, type World } from "./world";

jest.setTimeout(10 * 60_000);

const [canary, rest] = ["hash-only", "on-demand"] as const;
let world: World;

beforeAll(async () => {
  // The file lists the later wave first: the order must come from `waves`.
  world = await createWorld([rest, canary], {
    environment: "waves: [canary, rest]",
    more: (name) => [`wave: ${name === canary ? "canary" : "rest"}`],
  });
});

afterAll(() => world.stop());

async function createTable(name: string): Promise<void> {
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
}

async function deployAll(): Promise<Finished> {
  world.proxy.clear();
  return world.cdktf("deploy", "e2e-*", "--auto-approve", "--skip-provider-lock");
}

const about =
  (name: string) =>
  ({ url, input }: RecordedCall): boolean =>
    `${url} ${JSON.stringify(input)}`.includes(name) || url.includes(world.instanceId(name));

test("cdktf list names the stacks, and cdktf diff plans one of them", async () => {
  await createTable(rest);
  const listed = await world.cdktf("list");
  for (const name of [canary, rest]) expect(listed.output).toContain(world.stackName(name));
  const diff = await world.cdktf("diff", world.stackName(rest), "--skip-provider-lock");
  expect(diff.exitCode).toBe(0);
  expect(diff.output).toContain("Plan: 1 to import");
});

test("a failed first wave leaves the second wave unchanged", async () => {
  const { exitCode, output } = await deployAll();
  expect(exitCode).not.toBe(0);
  expect(output).toContain("dextr-hash-only");
  const changed = ["dynamodb", "lambda", "iam", "connect", "logs"].flatMap((service) => world.proxy.mutating(service));
  expect(changed.filter(about(rest))).toEqual([]);
});

test("the second wave starts after the first wave is finished", async () => {
  await createTable(canary);
  const { exitCode } = await deployAll();
  expect(exitCode).toBe(0);
  const calls = world.proxy.calls().filter(({ service }) => service !== "s3");
  const last = calls.findLastIndex(about(canary));
  const first = calls.findIndex(about(rest));
  expect(last).toBeGreaterThan(-1);
  expect(first).toBeGreaterThan(last);
});
