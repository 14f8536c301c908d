/** The index is built before the deployment, with `fleet index`: the stack then adopts the table and changes nothing in it. */
import path from "node:path";
import { adoptable, createVendorTable, INDEX, readTable } from "./vendor-tables";
import { createWorld, type Finished, type World } from "./world";

jest.setTimeout(10 * 60_000);

/** A provisioned table, each index with another capacity. */
const vendor = adoptable.find(({ name }) => name === "provisioned");
const name = "provisioned";
const plans = path.join("build", "e2e-plans-index-command");

let world: World;
let started: Finished;
let waited: Finished;
let planned: Finished;

beforeAll(async () => {
  world = await createWorld([name]);
  if (vendor === undefined) throw new Error(`there is no vendor table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  started = await world.fleet("index", world.stackName(name), "--no-wait");
  waited = await world.fleet("index", world.stackName(name), "--wait");
  planned = await world.fleet("plan", world.stackName(name), "--plans", plans);
});
afterAll(() => world.stop());

test("fleet index adds the index with the capacity of the table, in one call", async () => {
  expect([started.exitCode, started.output]).toEqual([0, expect.stringContaining("DynamoDB builds")]);
  expect([waited.exitCode, waited.output]).toEqual([0, expect.stringContaining("is ACTIVE")]);
  expect(world.proxy.mutating("dynamodb")).toHaveLength(1);
  const { indexes } = await readTable(world.dynamodb, name);
  expect(indexes.get(INDEX)).toMatchObject({ IndexStatus: "ACTIVE" });
});

test("the stack then imports the table and plans no change of it", () => {
  expect([planned.exitCode, planned.output]).toEqual([2, expect.stringContaining("1 to import")]);
  expect(planned.output).not.toContain(`index ${INDEX}`);
});

test("fleet index after the build says that the index exists, and changes nothing", async () => {
  const again = await world.fleet("index", world.stackName(name));
  expect([again.exitCode, again.output]).toEqual([0, expect.stringContaining("exists already. It is ACTIVE")]);
  expect(world.proxy.mutating("dynamodb")).toHaveLength(1);
});

test("the deployment verifies the instance and does not write to the table", async () => {
  const deployed = await world.fleet("deploy", world.stackName(name), "--plans", plans);
  expect([deployed.exitCode, deployed.output]).toEqual([0, expect.any(String)]);
  expect(world.proxy.mutating("dynamodb")).toHaveLength(1);
});
