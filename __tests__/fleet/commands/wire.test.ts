/** The command `wire` on a Connect emulator: files, update, undo, and everything that must not be overwritten. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  ConnectClient,
  type ContactFlowType,
  CreateContactFlowCommand,
  CreateContactFlowModuleCommand,
  DescribeContactFlowCommand,
  UpdateContactFlowContentCommand,
} from "@aws-sdk/client-connect";
import { forwardTo } from "../../../emulators/aws/aws-endpoint";
import { startRecordingProxy, type RecordingProxy } from "../../../emulators/aws/recording-proxy";
import { ConnectEmulator } from "../../../emulators/connect/server";
import { applyWiring, prepareWiring } from "../../../fleet/wiring/wire-flow";
import type { FlowContent } from "../../../flows/language/types";
import { validateContent } from "../../../flows/language/validate";
import { moduleContent } from "../../../stacks/flow-contents";
import { load, validYaml } from "../../config/environment-files";
import { hasTerminal, runFleet, runFleetOnTerminal, scratch } from "../run-fleet";

jest.setTimeout(180_000);

const files = { "dev.yaml": validYaml };
const [instance] = load(files);
const InstanceId = instance?.instanceId;
/** The spelling of the text must survive: an escape, spaces, a number with an exponent. */
const original = `{"Version": "2019-10-30","StartAction":"Greet",  "Metadata":{"ActionMetadata":{"Greet":{"position":{"x":1e2,"y":40}}}},
"Actions":[{"Identifier":"Greet","Type":"MessageParticipant","Parameters":{"Text":"Gr\\u00fcezi"},"Transitions":{"NextAction":"Queue"}},
{"Identifier":"Queue","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"queue-1"},"Transitions":{"NextAction":"Go","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"Go","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"QueueAtCapacity"},{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`;

let proxy: RecordingProxy;
let client: ConnectClient;
let moduleId: string;
beforeEach(async () => {
  if (instance === undefined) throw new Error("no instance");
  const connect = new ConnectEmulator(
    [{ account: instance.account, region: instance.region, id: instance.instanceId, alias: instance.name }],
    (content, kind) => validateContent(JSON.parse(content) as FlowContent, kind).map(({ message }) => message),
  );
  proxy = await startRecordingProxy(forwardTo("http://127.0.0.1:1"), { connect: (request) => connect.handle(request) });
  client = new ConnectClient({
    region: instance.region,
    endpoint: proxy.url,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" },
  });
  const Content = JSON.stringify(moduleContent(instance));
  moduleId =
    (await client.send(new CreateContactFlowModuleCommand({ InstanceId, Name: "blockedStatus", Content }))).Id ?? "";
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
});

const create = async (Name: string, Content = original, Type: ContactFlowType = "CONTACT_FLOW"): Promise<string> =>
  (await client.send(new CreateContactFlowCommand({ InstanceId, Name, Type, Content }))).ContactFlowId ?? "";
const contentOf = async (ContactFlowId: string): Promise<string> =>
  (await client.send(new DescribeContactFlowCommand({ InstanceId, ContactFlowId }))).ContactFlow?.Content ?? "";
const access = () => ({
  AWS_ENDPOINT_URL: proxy.url,
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "emulated",
});
const wire = (...args: string[]) => runFleet(["wire", ...args], files, access());
const written = (name: string, directory = "build/wire") => path.join(scratch, directory, "dev-acme-us-east-1", name);

test("a flow is wired by its name, applied with --yes, and restored byte for byte", async () => {
  const id = await create("Support line");
  const dry = await wire("Support line", "env=dev");
  expect([dry.exitCode, dry.stderr]).toEqual([0, ""]);
  expect(dry.stdout).toContain(`~ start: "Greet" -> "Check the caller"
+ block "Check the caller" (InvokeFlowModule)
+ block "Is the caller blocked?" (Compare)
+ block "Hang up" (DisconnectParticipant)
`);
  expect(dry.stdout).toContain("With --apply or --undo: A saved draft of the flow that is not published is lost.");
  expect(await contentOf(id)).toBe(original);
  const text = readFileSync(written(`${id}.json`), "utf8");
  expect(text).toContain('"Parameters":{"Text":"Gr\\u00fcezi"}');
  expect(text).toContain(`"FlowModuleId":"${moduleId}"`);
  expect(readFileSync(written(`${id}.original.json`), "utf8")).toBe(original);
  expect(readFileSync(written(`${id}.after.svg`), "utf8")).toContain("Check the caller");
  expect(readFileSync(written(`${id}.before.svg`), "utf8")).not.toContain("Check the caller");
  expect(readFileSync(written(`${id}.proof.md`), "utf8")).toContain("Endings of blocked callers: disconnected.");

  const unasked = await wire("Support line", "env=dev", "--apply");
  expect(unasked).toMatchObject({ exitCode: 1 });
  expect(unasked.stderr).toContain("To agree without a question, add --yes. Nothing was changed.");
  expect(await contentOf(id)).toBe(original);

  expect(await wire(id, "env=dev", "--apply", "--yes")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await contentOf(id)).toBe(text);
  const again = await wire(id, "env=dev", "--apply", "--yes");
  expect(again).toMatchObject({ exitCode: 1, stdout: "" });
  expect(again.stderr).toContain("already invokes the module");

  expect(await wire(id, "env=dev", "--undo", "--yes")).toMatchObject({
    exitCode: 0,
    stdout: "The flow has its former content again. A saved draft that was not published is lost.\n",
  });
  expect(await contentOf(id)).toBe(original);
  expect((await wire(id, "env=dev", "--undo", "--yes")).stdout).toBe("The flow has its former content already.\n");
});

test("--undo refuses a flow that was edited since, and a flow without a backup", async () => {
  const id = await create("Edited");
  const missing = await wire("Edited", "env=dev", "--undo", "--yes", "--out", "elsewhere");
  expect(missing).toMatchObject({ exitCode: 1, stdout: "" });
  expect(missing.stderr).toContain('the backup of the flow "Edited" is missing');
  await wire("Edited", "env=dev", "--apply", "--yes");
  const Content = (await contentOf(id)).replace("Gr\\u00fcezi", "Hello");
  await client.send(new UpdateContactFlowContentCommand({ InstanceId, ContactFlowId: id, Content }));
  const { exitCode, stderr } = await wire("Edited", "env=dev", "--undo", "--yes");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("was edited since it was wired. --undo would drop that change, so nothing was changed.");
  expect(await contentOf(id)).toBe(Content);
});

test("an edit between reading and updating is not overwritten", async () => {
  const id = await create("Busy");
  let described = 0;
  const stop = proxy.intercept(
    ({ operation }) => operation === "DescribeContactFlow" && ++described === 2,
    () => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ContactFlow: { Id: id, Name: "Busy", Content: original.replace("Queue", "queue") } }),
    }),
  );
  const { exitCode, stderr } = await wire("Busy", "env=dev", "--apply", "--yes");
  stop();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("was edited after this command read it. Nothing was changed.");
  expect(proxy.calls().filter(({ operation }) => operation === "UpdateContactFlowContent")).toEqual([]);
});

test("an exported file is wired without any call, and the console finds the module by its name", async () => {
  const file = path.join(scratch, "exported flow.json");
  writeFileSync(file, original);
  proxy.clear();
  const { exitCode, stdout } = await wire(file, "env=dev", "--after", "Greet", "--out", "files");
  expect(exitCode).toBe(0);
  expect(stdout).toContain('~ block "Greet": leads to "Check the caller" instead of "Queue"');
  const content = JSON.parse(readFileSync(written("exported flow.json", "files"), "utf8")) as FlowContent;
  expect(content.Actions.find(({ Type }) => Type === "InvokeFlowModule")?.Parameters).toEqual({
    FlowModuleId: "blockedStatus",
  });
  expect(content.Metadata?.ActionMetadata["Check the caller"]?.contactFlowModuleName).toBe("blockedStatus");
  expect(readFileSync(file, "utf8")).toBe(original);
  expect(proxy.calls()).toEqual([]);
  const applied = await wire(file, "env=dev", "--apply", "--yes", "--out", "files");
  expect(applied.stderr).toContain("--apply needs a flow of the instance");
});

test("a file that wire wrote is refused, so the backup stays", async () => {
  const file = path.join(scratch, "again.json");
  writeFileSync(file, original);
  await wire(file, "env=dev", "--out", "again");
  const backup = written("again.original.json", "again");
  const wiredAgain = await wire(backup, "env=dev", "--out", "again");
  expect(wiredAgain).toMatchObject({ exitCode: 1, stdout: "" });
  expect(wiredAgain.stderr).toContain("this file is a backup of wire, which --undo needs");
  expect(readFileSync(backup, "utf8")).toBe(original);

  const output = written("again.json", "again");
  writeFileSync(output, original.replace("Greet", "Hello").replaceAll('"Greet"', '"Hello"'));
  const overwriting = await wire(output, "env=dev", "--out", "again");
  expect(overwriting).toMatchObject({ exitCode: 1, stdout: "" });
  expect(overwriting.stderr).toContain("the command would overwrite this file with again.json. Nothing was written.");
  expect(readFileSync(backup, "utf8")).toBe(original);
});

test("an exported file with the id of a flow as its name does not replace the files that --undo needs", async () => {
  const id = await create("Applied");
  await wire("Applied", "env=dev", "--apply", "--yes");
  const names = [`${id}.json`, `${id}.original.json`];
  const before = names.map((name) => readFileSync(written(name), "utf8"));
  mkdirSync(path.join(scratch, "exports"));
  const file = path.join(scratch, "exports", `${id}.json`);
  // The second export has the same content as the backup, but its wired form names the module instead of its id.
  for (const content of [original.replace("queue-1", "queue-2"), original]) {
    writeFileSync(file, content);
    const { exitCode, stdout, stderr } = await wire(file, "env=dev");
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /would overwrite .*, which has another content and which --undo can need\. Nothing was written\./,
    );
    expect(names.map((name) => readFileSync(written(name), "utf8"))).toEqual(before);
  }
  expect(await wire(file, "env=dev", "--out", "exports")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await wire(id, "env=dev", "--undo", "--yes")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await contentOf(id)).toBe(original);
});

test("a backup of a former content stays, under a numbered name", async () => {
  const id = await create("Changing");
  const contents = ["queue-1", "queue-2", "queue-3", "queue-3"].map((queue) => original.replace("queue-1", queue));
  for (const Content of contents) {
    await client.send(new UpdateContactFlowContentCommand({ InstanceId, ContactFlowId: id, Content }));
    expect(await wire(id, "env=dev", "--out", "backups")).toMatchObject({ exitCode: 0, stderr: "" });
  }
  const backups = ["original", "2.original", "3.original"].map((name) =>
    readFileSync(written(`${id}.${name}.json`, "backups"), "utf8"),
  );
  expect(backups).toEqual([contents[2], contents[0], contents[1]]);
  expect(existsSync(written(`${id}.4.original.json`, "backups"))).toBe(false);
});

test("the question before an update says that a saved draft is lost", async () => {
  if (instance === undefined) throw new Error("no instance");
  const file = path.join(scratch, "asked.json");
  writeFileSync(file, original);
  const request = { instance, flow: file, directory: path.join(scratch, "asked") };
  const questions: string[] = [];
  const decline = (question: string) => {
    questions.push(question);
    return Promise.resolve(false);
  };
  const prepared = await prepareWiring(request, undefined);
  expect(await applyWiring(request, { ...prepared, flowId: "flow" }, decline)).toBe(false);
  expect(questions).toEqual([expect.stringContaining("A saved draft of the flow that is not published is lost.")]);
});

// Without util-linux, this machine has no command that gives the program a terminal.
(hasTerminal ? test : test.skip)("on a terminal, only yes updates and restores the flow", async () => {
  const id = await create("Asked");
  const answering = (keys: string, ...args: string[]) =>
    runFleetOnTerminal(["wire", "Asked", "env=dev", ...args], files, access(), "Type yes to agree: ", keys);
  const updates = () => proxy.calls().filter(({ operation }) => operation === "UpdateContactFlowContent").length;

  // Ctrl-C stops, and Ctrl-D declines like every other answer.
  for (const [keys, exitCode, text] of [
    ["no\n", 1, "Nothing was changed in Connect."],
    ["y\n", 1, "Nothing was changed in Connect."],
    ["\u0004", 1, "Nothing was changed in Connect."],
    ["\u0003", 130, "Stopped. Nothing was changed."],
  ] as const) {
    const run = await answering(keys, "--apply");
    expect(run.shown).toContain(`Update the flow? Calls use the new content immediately.`);
    expect(run.shown).toContain(`\r\n${text}\r\n`);
    expect(run.shown).not.toMatch(/^\s+at /m);
    expect(run.exitCode).toBe(exitCode);
  }
  expect([updates(), await contentOf(id)]).toEqual([0, original]);

  expect(await answering("Yes\n", "--apply")).toMatchObject({ exitCode: 0 });
  const wired = await contentOf(id);
  expect(wired).toBe(readFileSync(written(`${id}.json`), "utf8"));
  expect(await answering("no\n", "--undo")).toMatchObject({
    exitCode: 1,
    shown: expect.stringContaining("\r\nNothing was changed.\r\n") as string,
  });
  expect(await contentOf(id)).toBe(wired);
  expect(await answering("yes\n", "--undo")).toMatchObject({ exitCode: 0 });
  expect(await contentOf(id)).toBe(original);
});

test("wrong flows are refused with what to do, and nothing is written", async () => {
  await create(
    "Whisper",
    '{"Version":"2019-10-30","StartAction":"e","Actions":[{"Identifier":"e","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}',
    "CUSTOMER_WHISPER",
  );
  const refusal = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await wire(...args, "--out", "refused");
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).not.toMatch(/^\s+at /m);
    return stderr;
  };
  expect(await refusal("Whisper", "env=dev")).toContain(
    "The flow has the type CUSTOMER_WHISPER. Connect documents modules only for inbound flows",
  );
  expect(await refusal("Wisper", "env=dev")).toContain('Did you mean "Whisper"?');
  expect(existsSync(path.join(scratch, "refused"))).toBe(false);
});
