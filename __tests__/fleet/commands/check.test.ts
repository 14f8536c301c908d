/** The command `check` on a DynamoDB emulator: every rule, with its remediation. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type ContactTable, startContactTable } from "../../../emulators/contact-table";
import { validYaml } from "../../config/environment-files";
import { runFleet, scratch } from "../run-fleet";

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

const access = () => ({
  AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "emulated",
});

async function check(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runFleet(["check", ...args], { "dev.yaml": yaml }, access());
  return { exitCode, stdout, stderr };
}

test("the contacts that block a caller are shown, with the steps to unblock", async () => {
  const { exitCode, stdout } = await check("+1 (555) 555-0101", "env=dev");
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`dev-acme-us-east-1: BLOCKED (blocked)
  A contact of +1••••••••01 has the blocked Disposition "Blocked".

  2 contacts have the Disposition "Blocked":

  hash       range
  ---------  -------
  contact-2  contact
  contact-3  contact

  To unblock the caller, override the Disposition of all these contacts; one blocked contact is enough to block.
  To find them, search in ConnectPath's Activity Search:
    disposition: Blocked & customer_endpoint: +1••••••••01
  (--show-numbers prints the whole number.)
`);
});

test("the number is redacted everywhere, unless --show-numbers is given", async () => {
  const hidden = await check("+15555550104");
  expect(hidden.stdout).toContain('has the blocked Disposition "Nuisance:Confirmed"');
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

test("an overridden contact no longer blocks, but the other contacts still block", async () => {
  await table.put({ contactId: "contact-7", customerEndpoint: "+15555550107", disposition: "Blocked" });
  await table.put({ contactId: "contact-8", customerEndpoint: "+15555550107", disposition: "Blocked" });
  await table.overrideDisposition("contact-7", "Resolved");
  expect((await check("+15555550107")).stdout).toContain('1 contact has the Disposition "Blocked"');
  await table.overrideDisposition("contact-8", "Resolved");
  const { stdout } = await check("+15555550107");
  expect(stdout).toContain("not blocked (not_blocked)");
});

test("an unlisted caller is not blocked, and similar Dispositions are reported", async () => {
  const { stdout } = await check("+15555550102");
  expect(stdout).toBe(`dev-acme-us-east-1: not blocked (not_blocked)
  No contact of +1••••••••02 has the Disposition "Blocked" or "Nuisance:Confirmed".

  Near miss: 1 contact has the Disposition "blocked", which blocks no caller. Only the exact Disposition "Blocked" or "Nuisance:Confirmed" blocks a caller.

  Near miss: 1 contact has the Disposition "Blocked ", which blocks no caller. Only the exact Disposition "Blocked" or "Nuisance:Confirmed" blocks a caller.
`);
});

test("an exemption takes precedence, and its entry and the contacts are shown", async () => {
  const { stdout } = await check("+15555550103");
  expect(stdout).toContain("not blocked (exempt)");
  expect(stdout).toContain("exemptNumbers has +1••••••••03, which exempts +1••••••••03 from every block.");
  expect(stdout).toContain("Without the exemption, these contacts would block the caller");
  const byPrefix = await check("+15555550199");
  expect(byPrefix.stdout).toContain("exemptNumbers has +1•••••••••*, which exempts");
});

test("the policy of the instance decides about a withheld caller, and another address is never blocked", async () => {
  expect((await check("Anonymous")).stdout).toContain("BLOCKED (anonymous_blocked)");
  const { stdout } = await check("someone@example.com");
  expect(stdout).toContain("not blocked (not_e164)");
  expect(stdout).not.toContain("someone");
});

test("contact ids are read only for the first contacts of a long list", async () => {
  for (let n = 0; n < 25; n++)
    await table.put({ contactId: `many-${n}`, customerEndpoint: "+15555550120", disposition: "Blocked" });
  const { stdout } = await check("+15555550120");
  expect(stdout).toContain('25 contacts have the Disposition "Blocked"');
  expect(stdout).toContain("Contact ids are shown for the first 20 contacts only.");
});

test("an ambiguous and a missing number are errors without a stack trace", async () => {
  const unclear = await check("555 555 0100");
  expect(unclear).toMatchObject({ exitCode: 1, stdout: "" });
  expect(unclear.stderr).toContain("has no country code");
  expect(unclear.stderr).not.toMatch(/^\s+at /m);
  const empty = await check("");
  expect(empty).toMatchObject({ exitCode: 1, stdout: "" });
  expect(empty.stderr).toContain("NUMBER is empty; a script may have passed an empty variable.");
  const none = await check();
  expect(none.exitCode).toBe(1);
  expect(none.stderr).toMatch(/^NUMBER is missing\.\n\nUsage: npm run fleet -- check NUMBER \[SELECTION\] \[OPTIONS\]/);
});

test("a listed number in Italy is found if its 0 is in brackets", async () => {
  await table.put({ contactId: "milan", customerEndpoint: "+39021234567", disposition: "Blocked" });
  const { stdout } = await check("+39 (0)2 1234567");
  expect(stdout).toContain(`dev-acme-us-east-1: BLOCKED (blocked)
  The number is read as +3••••••••67: with the 0 after the country code.
`);
  expect(JSON.parse((await check("+39 (0)2 1234567", "--json", "--show-numbers")).stdout)).toMatchObject([
    { readAs: "+39021234567", reading: "with the 0 after the country code", blocked: true },
  ]);
});

test("every number that a spelling can stand for is checked", async () => {
  await table.put({ contactId: "puebla", customerEndpoint: "+522221234567", disposition: "Blocked" });
  const { exitCode, stdout } = await check("+52 1 222 123 4567");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /not blocked \(not_blocked\)\n  The number is read as \+5•+67: with the 1 [^]*BLOCKED \(blocked\)\n.*: without the 1 /,
  );
});

test("digits that are not E.164 are found only if the instance looks them up", async () => {
  await table.put({ contactId: "short", customerEndpoint: "22000", disposition: "Blocked" });
  const lookup = { "dev.yaml": `${yaml}lookup: { otherNumbers: true }\n` };
  expect((await check("22000")).stderr).toContain("has no country code");
  const { stdout } = await runFleet(["check", "22000"], lookup, access());
  expect(stdout).toContain("BLOCKED (blocked)\n  The number is read as 22000: as digits without +.\n");
});

describe("a list of numbers", () => {
  const list = (input: string | Uint8Array, ...args: string[]) =>
    runFleet(["check", "--numbers-from", "-", "env=dev", ...args], { "dev.yaml": yaml }, access(), input);

  test("every line is answered in order, and a bad line is named and does not stop the command", async () => {
    const input =
      '\ufeff+1 (555) 555-0104\n\n"+15555550103"\r\nAnonymous\r555 555 0100\n+15555550102,Ann\n+39 (0)6 7654321';
    const { exitCode, stdout, stderr } = await list(input, "--csv");
    const shortened = stdout.replace(/"The number has no country code[^"]*"/, "(no country code)");
    expect(shortened).toBe(`line,stack,number,status,contacts,dispositions,keys,note
1,dev-acme-us-east-1,+1••••••••04,blocked,1,"[""Nuisance:Confirmed""]","[{""hash"":""of +1••••••••04, or 15•••••••04"",""range"":""contact""}]",
3,dev-acme-us-east-1,+1••••••••03,exempt,1,"[""Blocked""]","[{""hash"":""contact-6"",""range"":""contact""}]",
4,dev-acme-us-east-1,Anonymous,anonymous_blocked,0,[],[],
5,,,unreadable,,,,(no country code)
6,,,unreadable,,,,The line has several columns. Give one number per line.
7,dev-acme-us-east-1,+3••••••••21,not_blocked,0,[],[],with the 0 after the country code
`);
    expect(stderr).toContain("Line 5: The number has no country code,");
    expect(stderr).toContain("Line 6: The line has several columns. Give one number per line.");
    expect(stderr).toContain('Lines: 6. Answers "blocked": 2. Unreadable lines: 2. Unknown answers: 0.');
    expect(exitCode).toBe(1);
  });

  test("a file is read like standard input, and the selection is the first word", async () => {
    const file = path.join(scratch, "numbers.txt");
    writeFileSync(file, "+15555550101\n");
    const run = (...args: string[]) => runFleet(["check", ...args], { "dev.yaml": yaml }, access());
    const { exitCode, stdout } = await run("env=dev", "--numbers-from", file, "--show-numbers");
    expect([exitCode, stdout]).toEqual([
      0,
      `  line  stack               number                status             contacts  Dispositions
------  ------------------  --------------------  -----------------  --------  ------------
     1  dev-acme-us-east-1  +15555550101          blocked                   2  Blocked
`,
    ]);
    const one = await run("+15555550101", "env=dev", "--csv");
    expect(one.stdout.split("\n")[1]).toMatch(/^1,dev-acme-us-east-1,\+1••••••••01,blocked,2,/);
    expect((await run("--numbers-from", "missing.txt")).stderr).toMatch(/^missing\.txt cannot be read\. .*ENOENT/);
    const utf16 = await list(Buffer.from("+15555550101\n", "utf16le"));
    expect(utf16).toMatchObject({ exitCode: 1, stderr: "Standard input is not UTF-8 text. Save the list as UTF-8.\n" });
  });

  test("an instance that AWS does not answer is unknown for each line, and the other lines follow", async () => {
    const other = "  - name: other\n    id: 1f0e0d0c-1b1a-4918-8716-151413121110\n";
    const { exitCode, stdout, stderr } = await runFleet(
      ["check", "--numbers-from", "-", "--json"],
      { "dev.yaml": yaml.replace("  - name: acme", `${other}  - name: acme`) },
      access(),
      "+15555550101\n+15555550100\n",
    );
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { stack: string; status: string });
    expect(rows.map(({ stack, status }) => [stack, status])).toEqual([
      ["dev-other-us-east-1", "unknown"],
      ["dev-acme-us-east-1", "blocked"],
      ["dev-other-us-east-1", "unknown"],
      ["dev-acme-us-east-1", "not_blocked"],
    ]);
    expect(stderr.match(/dev-other-us-east-1: not answered from line 1\. ResourceNotFoundException/g)).toHaveLength(1);
    expect(exitCode).toBe(1);
  });
});

test("an unreachable instance is reported with exit code 1", async () => {
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
