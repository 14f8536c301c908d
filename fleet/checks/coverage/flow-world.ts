/** Reads the flows and modules that the calls of an instance can reach, and resolves their ids, versions and aliases. */
import type { ConnectClient, ContactFlowModuleSummary, ContactFlowSummary } from "@aws-sdk/client-connect";
import { BLOCKED_STATUS_MODULE_NAME } from "../../../flows/blocked-status";
import { constant, type FlowWorld, type ResolvedFlow, type ResolvedModule } from "../../../flows/coverage/analyze";
import { setsBlockedStatus, undecidedBlock } from "../../../flows/coverage/confirm";
import { readFlow } from "../../../flows/coverage/read-flow";
import { isRecord } from "../../../flows/language/json";
import type { FlowContent } from "../../../flows/language/types";
import { type FlowReference, referenceIn } from "../../aws/flow-reference";
import { describeFlow, describeModule, flowsOf, moduleAliasVersion, modulesOf } from "../../aws/connect-instance";

/** Most flows and modules that are read for one instance. The default quotas of Connect are 100 flows and 200 modules. */
const maxResources = 1000;

/** The customer queue flow of a contact whose flow sets no other one (adminguide/contact-flow-default). */
const defaultQueueFlowName = "Default customer queue";

/** The flows and modules that a content names, if the names are known before the call. */
function namesIn({ Actions }: FlowContent): { readonly flows: readonly string[]; readonly modules: readonly string[] } {
  const flows: string[] = [];
  const modules: string[] = [];
  for (const { Type, Parameters = {} } of Actions) {
    const hooks = Parameters["EventHooks"];
    const [flow, module] = [
      Type === "TransferToFlow"
        ? Parameters["ContactFlowId"]
        : Type === "UpdateContactEventHooks" && isRecord(hooks)
          ? hooks["CustomerQueue"]
          : undefined,
      Type === "InvokeFlowModule" ? Parameters["FlowModuleId"] : undefined,
    ].map((value) => constant(value));
    if (typeof flow === "string") flows.push(flow);
    if (typeof module === "string") modules.push(module);
  }
  return { flows, modules };
}

/** The flows and modules of an instance. They are read when they are needed, one at a time. */
export class InstanceFlows {
  private readonly flows = new Map<string, ResolvedFlow>();
  private readonly modules = new Map<string, ResolvedModule>();
  /** What was read, by id and version. */
  private readonly read = new Map<string, ResolvedFlow | ResolvedModule>();
  private readonly names: Map<string, string>;

  private constructor(
    private readonly connect: ConnectClient,
    private readonly instanceArn: string,
    private readonly allFlows: readonly ContactFlowSummary[],
    private readonly allModules: readonly ContactFlowModuleSummary[],
  ) {
    this.names = new Map([...allFlows, ...allModules].flatMap(({ Id, Name }) => (Id && Name ? [[Id, Name]] : [])));
  }

  /** @throws the error of AWS */
  static async list(connect: ConnectClient, instanceArn: string): Promise<InstanceFlows> {
    const id = instanceArn.slice(instanceArn.lastIndexOf("/") + 1);
    return new InstanceFlows(connect, instanceArn, await flowsOf(connect, id), await modulesOf(connect, id));
  }

  private get instanceId(): string {
    return this.instanceArn.slice(this.instanceArn.lastIndexOf("/") + 1);
  }

  /** The name of a flow or module for people; the id or ARN itself if it has no name. */
  nameOf(reference: string): string {
    const { id = "" } =
      referenceIn(reference, this.instanceArn, "contact-flow") ??
      referenceIn(reference, this.instanceArn, "flow-module") ??
      {};
    return this.names.get(id) ?? reference;
  }

  /**
   * Reads a flow, and all flows and modules that it can reach.
   *
   * @throws the error of AWS
   */
  async follow(flow: string): Promise<{ readonly flow: ResolvedFlow; readonly world: FlowWorld }> {
    const defaultQueueFlow = this.allFlows.find(
      ({ Name, ContactFlowType }) => Name === defaultQueueFlowName && ContactFlowType === "CUSTOMER_QUEUE",
    )?.Id;
    const flows = [flow, ...(defaultQueueFlow === undefined ? [] : [defaultQueueFlow])];
    const modules: string[] = [];
    for (;;) {
      const [nextFlow, nextModule] = [flows.pop(), modules.pop()];
      if (nextFlow === undefined && nextModule === undefined) break;
      const contents = [
        nextFlow === undefined || this.flows.has(nextFlow) ? undefined : await this.addFlow(nextFlow),
        nextModule === undefined || this.modules.has(nextModule) ? undefined : await this.addModule(nextModule),
      ];
      for (const content of contents) {
        const names = content && namesIn(content);
        flows.push(...(names?.flows ?? []));
        modules.push(...(names?.modules ?? []));
      }
    }
    return {
      flow: this.flows.get(flow) ?? { problem: `the flow ${flow} was not found` },
      world: {
        flows: this.flows,
        modules: this.modules,
        ...(defaultQueueFlow === undefined ? {} : { defaultQueueFlow }),
      },
    };
  }

  private async addFlow(name: string): Promise<FlowContent | undefined> {
    const reference = referenceIn(name, this.instanceArn, "contact-flow");
    const flow = await this.once("flow", reference, () => this.readFlow(reference, name));
    this.flows.set(name, flow);
    return "content" in flow ? flow.content : undefined;
  }

  private async addModule(name: string): Promise<FlowContent | undefined> {
    const reference = referenceIn(name, this.instanceArn, "flow-module");
    const module = await this.once("module", reference, () => this.readModule(reference, name));
    this.modules.set(name, module);
    return "content" in module ? module.content : undefined;
  }

  /** Several names can mean the same resource. One content object has one set of marks in the picture. */
  private async once<T extends ResolvedFlow | ResolvedModule>(
    kind: "flow" | "module",
    reference: FlowReference | undefined,
    read: () => Promise<T>,
  ): Promise<T> {
    if (reference === undefined) return read();
    const key = `${kind} ${JSON.stringify(reference)}`;
    const before = this.read.get(key);
    if (before !== undefined) return before as T;
    const found = await read();
    this.read.set(key, found);
    return found;
  }

  private async readFlow(reference: FlowReference | undefined, name: string): Promise<ResolvedFlow> {
    if (reference === undefined || reference.alias !== undefined)
      return { problem: `the flow ${name} is not a flow of this instance` };
    if (this.read.size >= maxResources) return { problem: `more than ${maxResources} flows and modules are reachable` };
    const { id, version } = reference;
    const flow = await describeFlow(this.connect, this.instanceId, version === undefined ? id : `${id}:${version}`);
    if (flow === undefined) return { problem: `the flow ${name} does not exist or is not published` };
    if (flow.State?.toUpperCase() === "ARCHIVED") return { problem: `the flow ${flow.Name ?? name} is archived` };
    return contentOf(flow.Content, `the flow ${flow.Name ?? name}`);
  }

  private async readModule(reference: FlowReference | undefined, name: string): Promise<ResolvedModule> {
    if (reference === undefined) return { problem: `the module ${name} is not a module of this instance` };
    const { id, alias } = reference;
    if (!this.allModules.some(({ Id }) => Id === id)) return { absent: true };
    if (this.read.size >= maxResources) return { problem: `more than ${maxResources} flows and modules are reachable` };
    const version =
      alias === undefined
        ? reference.version
        : await moduleAliasVersion(this.connect, this.instanceId, id, alias).then((number) => number?.toString());
    if (alias !== undefined && version === undefined)
      return { problem: `the alias ${alias} of the module ${id} does not exist` };
    const module = await describeModule(this.connect, this.instanceId, version === undefined ? id : `${id}:${version}`);
    if (module === undefined) return { problem: `the version ${version ?? ""} of the module ${id} does not exist` };
    if (module.State?.toUpperCase() === "ARCHIVED") return { problem: `the module ${module.Name ?? name} is archived` };
    const found = contentOf(module.Content, `the module ${module.Name ?? name}`);
    const isCheck =
      module.Name === BLOCKED_STATUS_MODULE_NAME && "content" in found && (await setsBlockedStatus(found.content));
    if (!isCheck) return found;
    const undecided = undecidedBlock(found.content);
    if (undecided === undefined) return { check: found.content };
    return {
      problem:
        `the module ${BLOCKED_STATUS_MODULE_NAME} may not check every caller: its block "${undecided}" has branches that do not depend ` +
        "on the answer of the function alone",
    };
  }
}

function contentOf(text: string | undefined, what: string): ResolvedFlow {
  const read = readFlow(text ?? "");
  return "problem" in read ? { problem: `${what} cannot be read: ${read.problem}` } : read;
}
