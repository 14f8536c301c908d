/** `fleet check` on a DynamoDB emulator: each rule by which a caller is blocked or not, told with what to do. */
import { type ContactTable, startContactTable } from "../../../emulators/contact-table";
import { validYaml } from "../../config/environment-files";
import { runFleet } from "../run-fleet";

jest.setTimeout(60_000);

let table: ContactTable;
beforeAll(async () => {
  table = await startContactTable("dextr-acme", "us-east-1");
  const put = (contactId: string, number: string, disposition?: string) =>
    table.put({
      contactId,
      customerEndpoint: `+155555501${number}`,
      ...(disposition === undefined ? {} : { disposition }),
    });
  await put("contact-1", "00");
  await put("contact-2", "01", "Blocked");
  await put("contact-3", "01", "Blocked");
  await put("contact-4", "02", "blocked");
  await put("contact-5", "02", "Blocked ");
  await put("contact-6", "03", "Blocked");
  await put("of +15555550104, or 15555550104", "04", "Nuisance:Confirmed");
});
afterAll(() => table.stop());

const yaml = `${validYaml.replace("[Blocked]", '[Blocked, "Nuisance:Confirmed"]')}exemptNumbers: ["+15555550103", "+1555555019*"]
anonymousCallers: block
`;

async function check(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runFleet(
    ["check", ...args],
    { "dev.yaml": yaml },
    {
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "emulated",
    },
  );
  return { exitCode, stdout, stderr };
}

test("a listed caller is blocked by every contact that is shown, and each must be overridden", async () => {
  const { exitCode, stdout } = await check("+1 (555) 555-0101", "env=dev");
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`dev-acme-us-east-1: BLOCKED (blocked)
  +1••••••••01 is listed under "Blocked".

  2 contacts carry "Blocked":

  hash       range
  ---------  -------
  contact-2  contact
  contact-3  contact

  To unblock it, override the Disposition of every one of these contacts: one that keeps it is enough to block. In ConnectPath's
  Activity Search they are found by:
    disposition: Blocked & customer_endpoint: +1••••••••01
  (--show-numbers prints the number whole.)
`);
});

test("the number is hidden wherever it stands, unless it is asked for", async () => {
  const hidden = await check("+15555550104");
  expect(hidden.stdout).toContain('is listed under "Nuisance:Confirmed"');
  expect(hidden.stdout).toContain("of +1••••••••04, or 1••••••••04");
  expect(hidden.stdout).not.toContain("5555550104");
  const json = await check("+15555550104", "--json");
  expect(json.stdout).not.toContain("5555550104");
  expect(JSON.parse(json.stdout)).toEqual([
    {
      stack: "dev-acme-us-east-1",
      blocked: true,
      reason: "blocked",
      listed: [
        {
          disposition: "Nuisance:Confirmed",
          more: false,
          contacts: [{ hash: "of +1••••••••04, or 1••••••••04", range: "contact" }],
        },
      ],
      nearMisses: [],
    },
  ]);
  const whole = await check("+15555550104", "--show-numbers");
  expect(whole.stdout).toContain("disposition: Nuisance:Confirmed & customer_endpoint: +15555550104\n");
});

test("a contact that is overridden blocks no more, and others go on to block", async () => {
  await table.put({ contactId: "contact-7", customerEndpoint: "+15555550107", disposition: "Blocked" });
  await table.put({ contactId: "contact-8", customerEndpoint: "+15555550107", disposition: "Blocked" });
  await table.overrideDisposition("contact-7", "Resolved");
  expect((await check("+15555550107")).stdout).toContain('1 contact carries "Blocked"');
  await table.overrideDisposition("contact-8", "Resolved");
  const { stdout } = await check("+15555550107");
  expect(stdout).toContain("not blocked (not_blocked)");
});

test("who is not listed is not blocked, and spellings that come near are pointed out", async () => {
  const { stdout } = await check("+15555550102");
  expect(stdout).toBe(`dev-acme-us-east-1: not blocked (not_blocked)
  No contact of +1••••••••02 carries "Blocked" or "Nuisance:Confirmed".

  Near miss: 1 of its contacts carries "blocked", which blocks nobody: the match with "Blocked", "Nuisance:Confirmed" is exact.

  Near miss: 1 of its contacts carries "Blocked ", which blocks nobody: the match with "Blocked", "Nuisance:Confirmed" is exact.
`);
});

test("an exemption wins, by the entry that is named, over contacts that are named too", async () => {
  const { stdout } = await check("+15555550103");
  expect(stdout).toContain("not blocked (exempt)");
  expect(stdout).toContain("+1••••••••03 is in exemptNumbers, by +1••••••••03, and that wins over everything.");
  expect(stdout).toContain("Were it not exempt, these contacts would block it");
  const byPrefix = await check("+15555550199");
  expect(byPrefix.stdout).toContain("by +1•••••••••*, and that wins");
});

test("a withheld caller is decided by the policy of the instance, and what is no number is never blocked", async () => {
  expect((await check("Anonymous")).stdout).toContain("BLOCKED (anonymous_blocked)");
  const { stdout } = await check("someone@example.com");
  expect(stdout).toContain("not blocked (not_e164)");
  expect(stdout).not.toContain("someone");
});

test("many contacts are counted, and only so many shown", async () => {
  for (let n = 0; n < 25; n++)
    await table.put({ contactId: `many-${n}`, customerEndpoint: "+15555550120", disposition: "Blocked" });
  const { stdout } = await check("+15555550120");
  expect(stdout).toContain('25 contacts carry "Blocked"');
  expect(stdout).toContain("Contact ids were read for the first 20 only.");
});

test("a number that is not clear, and none, are errors without a stack trace", async () => {
  const unclear = await check("555 555 0100");
  expect(unclear).toMatchObject({ exitCode: 1, stdout: "" });
  expect(unclear.stderr).toContain("has no country code");
  const none = await check();
  expect(none.exitCode).toBe(1);
  expect(none.stderr).toMatch(/^NUMBER is missing\.\n\nUsage: npm run fleet -- check NUMBER \[SELECTION\] \[OPTIONS\]/);
});

test("an instance that cannot be asked is told, and is exit code 1", async () => {
  const { exitCode, stdout } = await runFleet(
    ["check", "+15555550101"],
    { "dev.yaml": yaml.replace("name: acme", "name: other") },
    {
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "emulated",
    },
  );
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /^dev-other-us-east-1: not answered\n {2}ResourceNotFoundException: .* verify dev-other-us-east-1\n$/,
  );
});
