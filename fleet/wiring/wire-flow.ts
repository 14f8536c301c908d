/** Wires one flow of an instance: writes the new content with its proof, updates the flow, and restores its former content. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ConnectClient } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../flows/blocked-status";
import { toSvg } from "../../flows/diagram/svg";
import { readFlow } from "../../flows/coverage/read-flow";
import { CALLERS, proveWiring, type WiringProof } from "../../flows/wiring/prove";
import { CannotWire, type WiredFlow, wireFlow, wrongType } from "../../flows/wiring/wire";
import { moduleContent } from "../../stacks/flow-contents";
import { findFlow, updateFlow } from "../aws/contact-flow";
import { blockedStatusAmong, describeFlow, describeModule, modulesOf } from "../aws/connect-instance";
import { invokedModule } from "../aws/flow-reference";
import { attachPolicyFix, isAccessDenied } from "../aws/errors";
import { instanceClients } from "../aws/instance-clients";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { writeFiles } from "../output/write-files";

/** The flow to wire, and where its files are. */
export interface FlowRequest {
  readonly instance: InstanceConfig;
  /** Id, ARN or name of a flow of the instance, or the path of an exported file. */
  readonly flow: string;
  /** Directory of the files. Each stack has its own directory below it. */
  readonly directory: string;
}

export interface PreparedWiring {
  /** Id of the flow; undefined for an exported file. */
  readonly flowId: string | undefined;
  readonly wired: WiredFlow;
  /** The former content as text. */
  readonly original: string;
  readonly proof: WiringProof;
  /** Paths of the written files: content to import, backup, pictures, proof. */
  readonly files: readonly string[];
  /** What changes, line by line. */
  readonly difference: readonly string[];
}

/** Connect publishes the sent content and drops the draft. */
export const DRAFT_IS_LOST = "A saved draft of the flow that is not published is lost.";

/** Whether the user agrees to change the flow. The question says what is lost. */
export type Confirm = (question: string) => Promise<boolean>;

/**
 * Wires the flow and proves the result, then writes the files. Changes nothing in AWS.
 *
 * @param after identifier of the block after which the caller is checked
 * @throws CommandError if the flow cannot be wired; nothing is written then
 */
export async function prepareWiring(
  { instance, flow, directory }: FlowRequest,
  after: string | undefined,
): Promise<PreparedWiring> {
  const source = isFile(flow)
    ? fromFile(flow)
    : await withConnect(instance, (client) => fromInstance(client, instance, flow));
  const whenBlocked = instance.flows.whenBlocked ?? instance.inboundFlow?.whenBlocked ?? { action: "disconnect" };
  try {
    const module = moduleContent(instance);
    const wired = wireFlow({ text: source.text, moduleId: source.moduleId, module, whenBlocked, after });
    const proof = await proveWiring(wired, module);
    const difference = differenceOf(wired);
    const files = filesOf(source.name, source.base, source.text, wired, proof, difference);
    const overwritten = files.find(([name]) => isSameFile(path.join(directory, instance.stackName, name), flow));
    if (overwritten !== undefined) {
      throw new CommandError(
        `${flow}: the command would overwrite this file with ${overwritten[0]}. Nothing was written. Name another directory with --out.`,
      );
    }
    const kept = keptBackup(path.join(directory, instance.stackName), source);
    requireNoOtherFlow(path.join(directory, instance.stackName), source, files);
    const written = writeFiles(
      directory,
      [...kept, ...files].map(([name, text]) => [path.join(instance.stackName, name), text] as const),
      "The files of the flow",
    );
    return { flowId: source.flowId, wired, original: source.text, proof, files: written, difference };
  } catch (error) {
    if (error instanceof CannotWire) throw new CommandError(`${source.name}: ${error.message}`);
    throw error;
  }
}

/**
 * Publishes the wired content, if the flow is still as it was read.
 *
 * @returns whether the flow was changed; false if the user does not agree
 * @throws CommandError if the flow changed in the meantime, or if it is not as written afterwards
 */
export async function applyWiring(
  { instance }: FlowRequest,
  { flowId, wired, original }: PreparedWiring,
  confirm: Confirm,
): Promise<boolean> {
  if (flowId === undefined) {
    throw new CommandError("--apply needs a flow of the instance. Give the id or the name of the flow, not a file.");
  }
  if (!(await confirm(`Update the flow? Calls use the new content immediately. ${DRAFT_IS_LOST}`))) return false;
  await withConnect(instance, (client) => replaceContent(client, instance, flowId, original, wired.text));
  return true;
}

/**
 * Restores the content that the flow had before it was wired, from the backup file.
 *
 * @returns `restored`; `unchanged` if the flow has its former content already; `declined` if the user does not agree
 * @throws CommandError if the backup is missing, or if the flow was edited since it was wired
 */
export async function undoWiring(
  { instance, flow, directory }: FlowRequest,
  confirm: Confirm,
): Promise<"restored" | "unchanged" | "declined"> {
  return withConnect(instance, async (client) => {
    const { Id = "", Name = "", Content = "" } = await findFlow(client, instance.instanceId, flow);
    const [backup, wired] = [backupName(Id), `${Id}.json`].map((name) =>
      path.join(directory, instance.stackName, name),
    );
    if (backup === undefined || wired === undefined || !existsSync(backup) || !existsSync(wired)) {
      throw new CommandError(
        `${backup}: the backup of the flow ${JSON.stringify(Name)} is missing. --undo needs the files that wire --apply wrote; name their directory with --out.`,
      );
    }
    const original = readFileSync(backup, "utf8");
    if (isSameJson(Content, original)) return "unchanged";
    if (!isSameJson(Content, readFileSync(wired, "utf8"))) {
      throw new CommandError(
        `The flow ${JSON.stringify(Name)} was edited since it was wired. --undo would drop that change, so nothing was changed. ` +
          `Remove the inserted blocks in the console, or import ${backup}.`,
      );
    }
    const question = `Restore the former content of ${JSON.stringify(Name)}? Calls are then not checked. ${DRAFT_IS_LOST}`;
    if (!(await confirm(question))) return "declined";
    await replaceContent(client, instance, Id, Content, original);
    return "restored";
  });
}

interface Source {
  readonly name: string;
  /** File name without extension. */
  readonly base: string;
  readonly text: string;
  readonly moduleId: string;
  readonly flowId: string | undefined;
}

const backupName = (base: string): string => `${base}.original.json`;

const isFile = (text: string): boolean => existsSync(text) && statSync(text).isFile();

const isSameFile = (one: string, other: string): boolean =>
  isFile(one) && isFile(other) && realpathSync(one) === realpathSync(other);

/**
 * The backup of a former content under a new name, because a backup is never overwritten with other bytes. Empty if there is none.
 *
 * The flow of the instance does not check the caller, otherwise it would be refused. So `--undo` does not need the old backup, but a
 * person may.
 */
function keptBackup(directory: string, { base, text, flowId }: Source): readonly (readonly [string, string])[] {
  const backup = path.join(directory, backupName(base));
  if (flowId === undefined || !isFile(backup)) return [];
  const former = readFileSync(backup, "utf8");
  for (let n = 2; former !== text; n++) {
    const name = backupName(`${base}.${n}`);
    const file = path.join(directory, name);
    if (!existsSync(file)) return [[name, former]];
    if (isFile(file) && readFileSync(file, "utf8") === former) return [];
  }
  return [];
}

/** Requires that the files of an exported flow replace no backup, and no file that `--undo` needs for the flow with this id. */
function requireNoOtherFlow(
  directory: string,
  { name, base, flowId }: Source,
  files: readonly (readonly [name: string, text: string])[],
): void {
  if (flowId !== undefined) return;
  const isFlowId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(base);
  const protectedNames = [backupName(base), ...(isFlowId ? [`${base}.json`] : [])];
  for (const [file, text] of files) {
    const existing = path.join(directory, file);
    if (!protectedNames.includes(file) || !isFile(existing) || readFileSync(existing, "utf8") === text) continue;
    throw new CommandError(
      `${name}: the command would overwrite ${existing}, which has another content and which --undo can need. Nothing was written. ` +
        "Name another directory with --out, or rename the exported file.",
    );
  }
}

function fromFile(file: string): Source {
  if (file.toLowerCase().endsWith(backupName(""))) {
    throw new CommandError(
      `${file}: this file is a backup of wire, which --undo needs. Give the id or the name of the flow, or a file that was exported in the console.`,
    );
  }
  // The console finds the module by its name when the file is imported.
  const moduleId = BLOCKED_STATUS_MODULE_NAME;
  return { name: file, base: path.parse(file).name, text: readFileSync(file, "utf8"), moduleId, flowId: undefined };
}

async function fromInstance(client: ConnectClient, instance: InstanceConfig, given: string): Promise<Source> {
  const flow = await findFlow(client, instance.instanceId, given);
  const { Id = "", Name = "", Type = "", State = "ACTIVE", Status = "PUBLISHED", Content = "" } = flow;
  const refused = [
    ...(Type === "CONTACT_FLOW" ? [] : [wrongType(Type)]),
    ...(State === "ACTIVE" ? [] : ["The flow is archived, so no call uses it."]),
    ...(Status === "PUBLISHED" ? [] : ["The flow was never published. Publish it first."]),
  ];
  if (refused.length > 0) throw new CommandError(`${JSON.stringify(Name)}: ${refused.join("\n")}`);
  const module = blockedStatusAmong(await modulesOf(client, instance.instanceId));
  if (module?.Id === undefined) {
    throw new CommandError(
      `The instance has no module ${BLOCKED_STATUS_MODULE_NAME}. Deploy the stack first: npm run fleet -- plan ${instance.stackName}`,
    );
  }
  await requireUncheckedModules(client, instance, Name, Content, module.Id);
  return { name: Name, base: Id, text: Content, moduleId: module.Id, flowId: Id };
}

/** Requires that no module of the flow, at any depth, checks the caller. `wireFlow` looks at the flow itself. */
async function requireUncheckedModules(
  client: ConnectClient,
  { instanceId, instanceArn }: InstanceConfig,
  name: string,
  content: string,
  moduleId: string,
): Promise<void> {
  const modulesIn = (text: string): readonly string[] => {
    const read = readFlow(text);
    return "problem" in read ? [] : read.content.Actions.flatMap((action) => invokedModule(action, instanceArn) ?? []);
  };
  const found = new Set(modulesIn(content).filter((id) => id !== moduleId));
  for (const id of found) {
    const { Name = id, Content = "" } = (await describeModule(client, instanceId, id)) ?? {};
    const nested = modulesIn(Content);
    if (nested.includes(moduleId)) {
      throw new CommandError(
        `${JSON.stringify(name)}: the flow already invokes the module ${BLOCKED_STATUS_MODULE_NAME}, in its module ${JSON.stringify(Name)}. ` +
          "Nothing is inserted twice. Use fleet coverage to see whether the answer is compared on all paths.",
      );
    }
    for (const one of nested) found.add(one);
  }
}

/** Replaces the content of a flow, if it is still as expected, and reads it again. */
async function replaceContent(
  client: ConnectClient,
  { instanceId: id }: InstanceConfig,
  flowId: string,
  expected: string,
  content: string,
): Promise<void> {
  const { Name = "", Content = "" } = (await describeFlow(client, id, flowId)) ?? {};
  if (Content !== expected) {
    throw new CommandError(
      `The flow ${JSON.stringify(Name)} was edited after this command read it. Nothing was changed. Run the command again.`,
    );
  }
  await updateFlow(client, id, flowId, content);
  const after = (await describeFlow(client, id, flowId)) ?? {};
  if (!isSameJson(after.Content ?? "", content)) {
    throw new CommandError(
      `The flow ${JSON.stringify(Name)} does not have the content that was sent. Someone may have edited it at the same time. Look at the flow in the console.`,
    );
  }
}

function isSameJson(text: string, other: string): boolean {
  if (text === other) return true;
  try {
    return isDeepStrictEqual(JSON.parse(text), JSON.parse(other));
  } catch {
    return false;
  }
}

function differenceOf({ content, original, inserted, next }: WiredFlow): readonly string[] {
  const former = new Map(original.Actions.map((action) => [action.Identifier, action]));
  const targets = (value: unknown) => JSON.stringify(value);
  const changed = content.Actions.filter(
    ({ Identifier, Transitions }) =>
      former.has(Identifier) && targets(former.get(Identifier)?.Transitions) !== targets(Transitions),
  );
  const blocks = content.Actions.filter(({ Identifier }) => inserted.includes(Identifier));
  return [
    ...(content.StartAction === original.StartAction
      ? []
      : [`~ start: ${quote(original.StartAction)} -> ${quote(content.StartAction)}`]),
    ...changed.map(
      ({ Identifier }) =>
        `~ block ${quote(Identifier)}: leads to ${quote(inserted[0] ?? "")} instead of ${quote(next)}`,
    ),
    ...blocks.map(({ Identifier, Type }) => `+ block ${quote(Identifier)} (${Type})`),
    `  Callers who are not blocked continue at ${quote(next)}. All other blocks stay the same; only positions change.`,
  ];
}

function filesOf(
  name: string,
  base: string,
  original: string,
  wired: WiredFlow,
  { plays, blocks, branches, blockedEndings }: WiringProof,
  difference: readonly string[],
): readonly (readonly [string, string])[] {
  const proof = [
    `# ${markdown(name)} with the check of the caller`,
    "",
    ...difference.map((line) => `    ${line}`),
    "",
    `All ${wired.original.Actions.length} blocks of the former flow are in the new flow, unchanged except for the targets above.`,
    "",
    `${plays} plays take all ${branches} branches of the ${blocks} reachable blocks with branches. Each play runs in the former and in the new`,
    `flow, with these callers: ${CALLERS.join(", ")}.`,
    "",
    "- Callers who are not blocked pass the same blocks, take the same branches, and end in the same way as before. So do callers whose",
    "  number is withheld, and callers whose lookup fails.",
    "- A blocked caller reaches no queue, agent, callback or external number, except the queue or the flow for blocked callers.",
    `  Endings of blocked callers: ${blockedEndings.map(markdown).join(", ")}.`,
    "",
    "The contact attribute `blockedStatus` is new. Functions that the flow invokes receive it with the other attributes.",
    "",
  ];
  return [
    [`${base}.json`, wired.text],
    [backupName(base), original],
    [`${base}.before.svg`, toSvg(wired.original, `${name} before`)],
    [`${base}.after.svg`, toSvg(wired.content, `${name} after`)],
    [`${base}.proof.md`, proof.join("\n")],
  ];
}

const quote = (text: string): string => JSON.stringify(text);

/** Text of the flow must not become Markdown or HTML. */
const markdown = (text: string): string =>
  text.replaceAll(/[\\`*_{}[\]<>()#!|&\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);

async function withConnect<T>(instance: InstanceConfig, act: (client: ConnectClient) => Promise<T>): Promise<T> {
  const clients = instanceClients(instance);
  try {
    return await act(clients.connect);
  } catch (error) {
    if (error instanceof CommandError || !(error instanceof Error) || !("$metadata" in error)) throw error;
    throw new CommandError(`${errorMessage(error)}${isAccessDenied(error) ? ` ${attachPolicyFix("wire")}` : ""}`);
  } finally {
    clients.destroy();
  }
}
