/**
 * Emulates in memory the part of the Amazon Connect API that Terraform's AWS provider and `fleet` use and moto lacks: Lambda
 * associations, flow modules and flows with their versions, phone numbers, tags and instances. Paths, shapes and errors follow the
 * service model (connect, 2017-08-08).
 */
import { createHash, randomUUID } from "node:crypto";
import type { ContentKind } from "../../flows/language/types";
import { splitTarget } from "../aws/request-target";
import { type ClaimedNumber, type NumberToClaim, PhoneNumbers, type TrafficDistributionGroup } from "./phone-numbers";
import { RequestQuota, type Throttle } from "./request-quota";
import { matchRoute } from "./routes";
import {
  descriptionOf,
  errorStatus,
  fail,
  lacksSettings,
  oneOf,
  optionalText,
  paginate,
  parseBody,
  parseJson,
  ServiceError,
  tagsOf,
  text,
} from "./service-input";

/** A Connect instance. The emulator starts with all instances; it cannot create them. */
export interface ConnectInstance {
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  /** UUID. */
  readonly id: string;
  /** The `InstanceName` of ConnectPath. */
  readonly alias: string;
  /** @default "aws" */
  readonly partition?: string;
}

/** Returns the service's error messages for JSON content; empty if Connect would publish it. */
export type ContentValidator = (content: string, kind: ContentKind) => readonly string[];

/** One HTTP request with its complete body. */
export interface ConnectRequest {
  readonly method: string;
  /** Path and query, still percent-encoded. */
  readonly url: string;
  readonly body: Buffer;
  /** Region of the SigV4 credential scope. Instances of other regions are not found. */
  readonly region: string;
}

export interface ConnectResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** A stored flow module or flow. */
export interface FlowResource {
  readonly kind: ContentKind;
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly content: string;
  readonly state: string;
  readonly status: string;
  /** Flows only, such as `CONTACT_FLOW`. */
  readonly type: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Content by version, from version 1. */
  readonly versions: readonly string[];
  /** Aliases of a module. */
  readonly aliases: readonly { readonly id: string; readonly name: string; readonly version: number }[];
}

/**
 * Default quotas per instance and page sizes of the API.
 * https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
 */
const quota = { functions: 50, module: 200, flow: 100 } as const;
const pageSize = { associations: 100, functions: 25, groups: 10, instances: 10, flows: 1000, numbers: 1000 } as const;

const flowTypes = [
  "CONTACT_FLOW",
  "CUSTOMER_QUEUE",
  "CUSTOMER_HOLD",
  "CUSTOMER_WHISPER",
  "AGENT_HOLD",
  "AGENT_WHISPER",
  "OUTBOUND_WHISPER",
  "AGENT_TRANSFER",
  "QUEUE_TRANSFER",
  "CAMPAIGN",
];
const states = ["ACTIVE", "ARCHIVED"];

/** Attributes of every instance in this emulator. The service returns "true" or "false" for each. */
const instanceAttributes: Readonly<Record<string, string>> = {
  INBOUND_CALLS: "true",
  OUTBOUND_CALLS: "true",
  CONTACTFLOW_LOGS: "false",
  CONTACT_LENS: "false",
  AUTO_RESOLVE_BEST_VOICES: "true",
  USE_CUSTOM_TTS_VOICES: "false",
  EARLY_MEDIA: "true",
  MULTI_PARTY_CONFERENCE: "false",
  HIGH_VOLUME_OUTBOUND: "false",
  ENHANCED_CONTACT_MONITORING: "false",
  ENHANCED_CHAT_MONITORING: "false",
  MULTI_PARTY_CHAT_CONFERENCE: "false",
  MESSAGE_STREAMING: "false",
};

/** Names in the API that differ between modules and flows. */
const apiNames = {
  module: {
    arnPart: "flow-module",
    described: "ContactFlowModule",
    listed: "ContactFlowModulesSummaryList",
    stateField: "State",
    invalid: (problems: readonly object[]) =>
      new ServiceError("InvalidContactFlowModuleException", { Problems: problems }),
    nameLimit: 127,
  },
  flow: {
    arnPart: "contact-flow",
    described: "ContactFlow",
    listed: "ContactFlowSummaryList",
    stateField: "ContactFlowState",
    invalid: (problems: readonly object[]) => new ServiceError("InvalidContactFlowException", { problems }),
    // The service model has no limit for the name of a flow. The console uses the limit of modules.
    nameLimit: 127,
  },
} as const;

/** The input of one operation. */
interface Call {
  /** Path parameters by their name in the service model, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly region: string;
}

interface InstanceState {
  readonly instance: ConnectInstance;
  readonly arn: string;
  readonly numbers: PhoneNumbers;
  readonly functions: Set<string>;
  readonly resources: Map<string, FlowResource>;
}

type Operation = (call: Call) => object;

/** The emulator. It answers requests, and lets tests inspect its resources. */
export class ConnectEmulator {
  private readonly instances: ReadonlyMap<string, InstanceState>;
  private readonly operations: ReadonlyMap<string, Operation>;
  private readonly requestQuota: RequestQuota | undefined;

  constructor(
    instances: readonly ConnectInstance[],
    private readonly validate: ContentValidator,
    /** @default no throttling */
    throttle?: Throttle,
  ) {
    this.requestQuota = throttle && new RequestQuota(throttle);
    this.instances = new Map(
      instances.map((instance) => {
        const { partition = "aws", region, account, id } = instance;
        const arn = `arn:${partition}:connect:${region}:${account}:instance/${id}`;
        const numbers = new PhoneNumbers(arn, id);
        return [
          id,
          { instance, arn, numbers, functions: new Set<string>(), resources: new Map<string, FlowResource>() },
        ];
      }),
    );
    this.operations = new Map<string, Operation>([
      ["ListInstances", (call) => this.listInstances(call)],
      ["DescribeInstance", (call) => ({ Instance: describeInstance(this.find(call)) })],
      ["DescribeInstanceAttribute", (call) => this.describeInstanceAttribute(call)],
      ["AssociateLambdaFunction", (call) => this.associateLambdaFunction(call)],
      ["DisassociateLambdaFunction", (call) => this.disassociateLambdaFunction(call)],
      ["ListLambdaFunctions", (call) => this.listLambdaFunctions(call)],
      ["CreateContactFlowModule", (call) => this.create(call, "module")],
      ["DescribeContactFlowModule", (call) => this.describe(call, "module")],
      ["UpdateContactFlowModuleContent", (call) => this.updateContent(call, "module")],
      ["UpdateContactFlowModuleMetadata", (call) => this.updateMetadata(call, "module")],
      ["DeleteContactFlowModule", (call) => this.delete(call, "module")],
      ["ListContactFlowModules", (call) => this.list(call, "module")],
      ["CreateContactFlowModuleVersion", (call) => this.createVersion(call, "module")],
      ["CreateContactFlowModuleAlias", (call) => this.createAlias(call)],
      ["DescribeContactFlowModuleAlias", (call) => this.describeAlias(call)],
      ["CreateContactFlow", (call) => this.create(call, "flow")],
      ["DescribeContactFlow", (call) => this.describe(call, "flow")],
      ["UpdateContactFlowContent", (call) => this.updateContent(call, "flow")],
      ["UpdateContactFlowMetadata", (call) => this.updateMetadata(call, "flow")],
      ["UpdateContactFlowName", (call) => this.updateMetadata(call, "flow")],
      ["DeleteContactFlow", (call) => this.delete(call, "flow")],
      ["ListContactFlows", (call) => this.list(call, "flow")],
      ["CreateContactFlowVersion", (call) => this.createVersion(call, "flow")],
      ["ListPhoneNumbersV2", (call) => this.listPhoneNumbers(call)],
      ["ListFlowAssociations", (call) => this.listFlowAssociations(call)],
      ["ListTrafficDistributionGroups", (call) => this.listTrafficDistributionGroups(call)],
      ["TagResource", (call) => this.tag(call)],
      ["UntagResource", (call) => this.untag(call)],
      ["ListTagsForResource", (call) => ({ tags: this.findByArn(call).resource.tags })],
    ]);
  }

  /** Answers one request. Invalid input results in an error response, not an exception. */
  handle(request: ConnectRequest): ConnectResponse {
    try {
      const { pathname, query } = splitTarget(request.url);
      const route = matchRoute(request.method, pathname);
      const operation = route && this.operations.get(route.operation);
      if (!operation) throw fail("InvalidRequestException", `The emulator has no ${request.method} ${pathname}`);
      if (this.requestQuota?.take(`${request.region} ${route.operation}`) === false)
        throw fail("ThrottlingException", "Rate exceeded");
      const call = {
        path: route.path,
        query,
        body: parseBody(request.body.toString()),
        region: request.region,
      };
      return reply(200, operation(call));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return reply(errorStatus[error.code], error.members, { "x-amzn-errortype": error.code });
    }
  }

  /** The flow modules of an instance, by name. @throws if the instance does not exist. */
  modules(instanceId: string): ReadonlyMap<string, FlowResource> {
    return this.resourcesByName(instanceId, "module");
  }

  /** The flows of an instance, by name. @throws if the instance does not exist. */
  flows(instanceId: string): ReadonlyMap<string, FlowResource> {
    return this.resourcesByName(instanceId, "flow");
  }

  /** ARNs of the functions associated with an instance, in order. @throws if the instance does not exist. */
  associations(instanceId: string): readonly string[] {
    return [...this.state(instanceId).functions];
  }

  /**
   * Whether a flow of the instance may invoke this ARN: exactly this ARN must be associated, with its qualifier. Otherwise Connect takes
   * the error branch without a log line or a metric.
   */
  lambdaAllowed(instanceId: string, functionArn: string): boolean {
    return this.instances.get(instanceId)?.functions.has(functionArn) ?? false;
  }

  /** Claims a phone number. @throws if the instance does not exist. */
  claimNumber(instanceId: string, number: NumberToClaim): ClaimedNumber {
    return this.state(instanceId).numbers.claim(number);
  }

  /** Assigns a claimed number to a flow, as in the Connect console. @throws if the instance does not exist. */
  assignFlow(instanceId: string, number: string, flowId: string): void {
    this.state(instanceId).numbers.assignFlow(number, flowId);
  }

  /** Creates a traffic distribution group. @throws if the instance does not exist. */
  addTrafficDistributionGroup(instanceId: string, name: string): TrafficDistributionGroup {
    return this.state(instanceId).numbers.addGroup(name);
  }

  private state(instanceId: string): InstanceState {
    const state = this.instances.get(instanceId);
    if (!state) throw new Error(`The emulator has no Connect instance "${instanceId}".`);
    return state;
  }

  private resourcesByName(instanceId: string, kind: ContentKind): ReadonlyMap<string, FlowResource> {
    return new Map(ofKind(this.state(instanceId), kind).map((resource) => [resource.name, resource]));
  }

  /**
   * The instance of a call. Create calls also accept the ARN of the instance. So a wrong `instance_id` creates a module that Terraform
   * cannot read (hashicorp/terraform-provider-aws#41656).
   */
  private find(call: Call): InstanceState {
    const given = call.path["InstanceId"] ?? "";
    const id = /^arn:[^:]+:connect:[^:]+:\d{12}:instance\/([^/]+)$/.exec(given)?.[1] ?? given;
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
      throw fail("InvalidRequestException", "Invalid request");
    const state = this.instances.get(id);
    if (state?.instance.region !== call.region) throw fail("ResourceNotFoundException", "Instance not found");
    return state;
  }

  private listInstances(call: Call): object {
    const here = [...this.instances.values()].filter((state) => state.instance.region === call.region);
    const { page, next } = paginate(here, call.query, pageSize.instances);
    return { InstanceSummaryList: page.map(describeInstance), ...next };
  }

  private describeInstanceAttribute(call: Call): object {
    this.find(call);
    const type = call.path["AttributeType"] ?? "";
    const value = instanceAttributes[type];
    if (value === undefined) throw fail("InvalidParameterException", `Invalid attribute type: ${type}`);
    return { Attribute: { AttributeType: type, Value: value } };
  }

  private associateLambdaFunction(call: Call): object {
    const { functions } = this.find(call);
    const arn = text(call.body, "FunctionArn", 140);
    if (!/^arn:[^:]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/.test(arn))
      throw fail("InvalidParameterException", "FunctionArn is not the ARN of a Lambda function");
    if (functions.has(arn)) throw fail("ResourceConflictException", "The function is associated already");
    if (functions.size >= quota.functions)
      throw fail("ServiceQuotaExceededException", `Quota of ${quota.functions} Lambda functions exceeded`);
    functions.add(arn);
    return {};
  }

  private disassociateLambdaFunction(call: Call): object {
    const arn = call.query.get("functionArn") ?? "";
    if (!this.find(call).functions.delete(arn))
      throw fail("ResourceNotFoundException", "The function is not associated");
    return {};
  }

  private listLambdaFunctions(call: Call): object {
    const { page, next } = paginate([...this.find(call).functions], call.query, pageSize.functions);
    return { LambdaFunctions: page, ...next };
  }

  private create(call: Call, kind: ContentKind): object {
    const state = this.find(call);
    const name = text(call.body, "Name", apiNames[kind].nameLimit);
    const type = kind === "flow" ? oneOf(call.body, "Type", flowTypes) : undefined;
    const status = kind === "flow" && call.body["Status"] === "SAVED" ? "SAVED" : "PUBLISHED";
    const content = text(call.body, "Content", 256_000);
    this.refuseDuplicate(state, kind, name);
    if (ofKind(state, kind).length >= quota[kind])
      throw fail("LimitExceededException", `Quota of ${quota[kind]} ${kind}s per instance exceeded`);
    // Saved content is not validated.
    if (status === "PUBLISHED") this.refuseInvalid(content, kind);

    const id = randomUUID();
    const arn = `${state.arn}/${apiNames[kind].arnPart}/${id}`;
    const description = descriptionOf(call.body);
    const tags = tagsOf(call.body["Tags"]);
    const active = { state: "ACTIVE", versions: [], aliases: [] };
    state.resources.set(id, { kind, id, arn, name, description, content, status, type, tags, ...active });
    return kind === "module"
      ? { Id: id, Arn: arn }
      : { ContactFlowId: id, ContactFlowArn: arn, FlowContentSha256: sha256(content) };
  }

  private describe(call: Call, kind: ContentKind): object {
    const { resource, content } = this.findResource(call, kind);
    if (resource.status !== "PUBLISHED" && !(call.path["ResourceId"] ?? "").endsWith(":$SAVED") && kind === "flow")
      throw fail("ContactFlowNotPublishedException", "The flow has not been published");
    return {
      [apiNames[kind].described]: {
        Arn: resource.arn,
        Id: resource.id,
        Name: resource.name,
        Type: resource.type,
        Content: content,
        Description: resource.description,
        State: resource.state,
        Status: resource.status,
        Tags: resource.tags,
        [kind === "module" ? "FlowModuleContentSha256" : "FlowContentSha256"]: sha256(content),
      },
    };
  }

  private updateContent(call: Call, kind: ContentKind): object {
    const { instance, resource } = this.findResource(call, kind);
    const content = text(call.body, "Content", 256_000, "InvalidRequestException");
    this.refuseInvalid(content, kind);
    instance.resources.set(resource.id, { ...resource, content });
    return {};
  }

  private updateMetadata(call: Call, kind: ContentKind): object {
    const { instance, resource } = this.findResource(call, kind);
    const stateField = apiNames[kind].stateField;
    const name = optionalText(call.body, "Name", apiNames[kind].nameLimit) ?? resource.name;
    if (name !== resource.name) this.refuseDuplicate(instance, kind, name);
    const state = call.body[stateField] === undefined ? resource.state : oneOf(call.body, stateField, states);
    const description = descriptionOf(call.body) ?? resource.description;
    instance.resources.set(resource.id, { ...resource, name, description, state });
    return {};
  }

  private delete(call: Call, kind: ContentKind): object {
    const { instance, resource } = this.findResource(call, kind);
    instance.resources.delete(resource.id);
    return {};
  }

  private list(call: Call, kind: ContentKind): object {
    const instance = this.find(call);
    const wantedState = call.query.get("state");
    const wantedTypes = call.query.getAll("contactFlowTypes");
    const all = ofKind(instance, kind).filter(
      (resource) =>
        (wantedState === null || resource.state === wantedState) &&
        (wantedTypes.length === 0 || wantedTypes.includes(resource.type ?? "")),
    );
    const { page, next } = paginate(all, call.query, pageSize.flows);
    const summaries = page.map(({ id, arn, name, type, state, status }) => ({
      Id: id,
      Arn: arn,
      Name: name,
      ...(kind === "module"
        ? { State: state }
        : { ContactFlowType: type, ContactFlowState: state, ContactFlowStatus: status }),
    }));
    return { [apiNames[kind].listed]: summaries, ...next };
  }

  private tag(call: Call): object {
    const { instance, resource } = this.findByArn(call);
    const tags = { ...resource.tags, ...tagsOf(call.body["tags"]) };
    if (Object.keys(tags).length > 50) throw fail("InvalidParameterException", "A resource has at most 50 tags");
    instance.resources.set(resource.id, { ...resource, tags });
    return {};
  }

  private untag(call: Call): object {
    const { instance, resource } = this.findByArn(call);
    const gone = new Set(call.query.getAll("tagKeys"));
    const tags = Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !gone.has(key)));
    instance.resources.set(resource.id, { ...resource, tags });
    return {};
  }

  private createVersion(call: Call, kind: ContentKind): object {
    const { instance, resource } = this.findResource(call, kind);
    const versions = [...resource.versions, resource.content];
    instance.resources.set(resource.id, { ...resource, versions });
    const arn = kind === "module" ? "ContactFlowModuleArn" : "ContactFlowArn";
    return { [arn]: `${resource.arn}:${versions.length}`, Version: versions.length };
  }

  private createAlias(call: Call): object {
    const { instance, resource } = this.findResource(call, "module");
    const version = Number(call.body["ContactFlowModuleVersion"]);
    if (resource.versions[version - 1] === undefined)
      throw fail("ResourceNotFoundException", "The version does not exist");
    const alias = { id: randomUUID(), name: text(call.body, "AliasName", 100), version };
    instance.resources.set(resource.id, { ...resource, aliases: [...resource.aliases, alias] });
    return { ContactFlowModuleArn: resource.arn, Id: alias.id };
  }

  private describeAlias(call: Call): object {
    const { resource } = this.findResource(call, "module");
    const alias = resource.aliases.find(({ id }) => id === call.path["AliasId"]);
    if (alias === undefined) throw fail("ResourceNotFoundException", "The alias does not exist");
    return {
      ContactFlowModuleAlias: {
        ContactFlowModuleId: resource.id,
        ContactFlowModuleArn: resource.arn,
        AliasId: alias.id,
        Name: alias.name,
        Version: alias.version,
      },
    };
  }

  private listPhoneNumbers(call: Call): object {
    const { InstanceId, TargetArn } = call.body;
    if (InstanceId !== undefined && TargetArn !== undefined)
      throw fail("InvalidParameterException", "Only one of InstanceId and TargetArn may be given");
    const here = [...this.instances.values()].filter(
      ({ instance }) =>
        instance.region === call.region && (typeof InstanceId !== "string" || instance.id === InstanceId),
    );
    if (here.length === 0) throw fail("ResourceNotFoundException", "Instance not found");
    const all = here.flatMap(({ arn, numbers }) => numbers.routedTo(typeof TargetArn === "string" ? TargetArn : arn));
    const { page, next } = paginate(all, pageOf(call.body), pageSize.numbers);
    return {
      ListPhoneNumbersSummaryList: page.map(({ id, arn, number, description, targetArn, instanceId }) => ({
        PhoneNumberId: id,
        PhoneNumberArn: arn,
        PhoneNumber: number,
        PhoneNumberCountryCode: "US",
        PhoneNumberType: "DID",
        PhoneNumberDescription: description,
        TargetArn: targetArn,
        InstanceId: instanceId,
      })),
      ...next,
    };
  }

  private listFlowAssociations(call: Call): object {
    const { numbers } = this.find(call);
    const type = call.query.get("ResourceType");
    const all = type === null || type === "VOICE_PHONE_NUMBER" ? numbers.associations() : [];
    const { page, next } = paginate(all, call.query, pageSize.associations);
    return { FlowAssociationSummaryList: page, ...next };
  }

  private listTrafficDistributionGroups(call: Call): object {
    const wanted = call.query.get("instanceId");
    const all = [...this.instances.values()]
      .filter(({ instance }) => instance.region === call.region && (wanted === null || instance.id === wanted))
      .flatMap(({ arn, numbers }) => numbers.groups.map((group) => ({ group, arn })));
    const { page, next } = paginate(all, call.query, pageSize.groups);
    const summaries = page.map(({ group, arn }) => ({
      Id: group.id,
      Arn: group.arn,
      Name: group.name,
      InstanceArn: arn,
      Status: "ACTIVE",
      IsDefault: false,
    }));
    return { TrafficDistributionGroupSummaryList: summaries, ...next };
  }

  /** The resource that an id or an ARN names, with the content of the named version (`<id>:2`). */
  private findResource(
    call: Call,
    kind: ContentKind,
  ): { instance: InstanceState; resource: FlowResource; content: string } {
    const instance = this.find(call);
    const [id = "", version] =
      (call.path["ResourceId"] ?? "").split(`/${apiNames[kind].arnPart}/`).at(-1)?.split(":") ?? [];
    const resource = instance.resources.get(id);
    if (resource?.kind !== kind) throw fail("ResourceNotFoundException", `The ${kind} does not exist`);
    const isNumbered = version !== undefined && !version.startsWith("$");
    const content = isNumbered ? resource.versions[Number(version) - 1] : resource.content;
    if (content === undefined) throw fail("ResourceNotFoundException", `The ${kind} has no version ${version ?? ""}`);
    return { instance, resource, content };
  }

  private findByArn(call: Call): { instance: InstanceState; resource: FlowResource } {
    const arn = call.path["ResourceArn"] ?? "";
    for (const instance of this.instances.values()) {
      const resource = [...instance.resources.values()].find((candidate) => candidate.arn === arn);
      if (resource) return { instance, resource };
    }
    throw fail("ResourceNotFoundException", `No resource has the ARN ${arn}`);
  }

  private refuseDuplicate(state: InstanceState, kind: ContentKind, name: string): void {
    if (ofKind(state, kind).some((resource) => resource.name === name))
      throw fail("DuplicateResourceException", `A ${kind} named ${name} exists already`);
  }

  private refuseInvalid(content: string, kind: ContentKind): void {
    // The message of the live service for a module without Settings. Flows have no Settings.
    if (kind === "module" && lacksSettings(content))
      throw fail("InvalidRequestException", "JSON field is missing or null for field name: settings");
    const messages = parseJson(content) === undefined ? ["Content is not JSON"] : this.validate(content, kind);
    const problems = messages.map((message) => ({ message: message.slice(0, 256) }));
    if (problems.length > 0) throw apiNames[kind].invalid(problems.slice(0, 50));
  }
}

const ofKind = (state: InstanceState, kind: ContentKind): FlowResource[] =>
  [...state.resources.values()].filter((resource) => resource.kind === kind);

function describeInstance({ instance, arn }: InstanceState): object {
  return {
    Id: instance.id,
    Arn: arn,
    IdentityManagementType: "CONNECT_MANAGED",
    InstanceAlias: instance.alias,
    CreatedTime: 1_700_000_000,
    ServiceRole: `arn:${instance.partition ?? "aws"}:iam::${instance.account}:role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect_emulator`,
    InstanceStatus: "ACTIVE",
    InboundCallsEnabled: true,
    OutboundCallsEnabled: true,
  };
}

/** The paging parameters of a request body, as query parameters. */
function pageOf({ MaxResults, NextToken }: Readonly<Record<string, unknown>>): URLSearchParams {
  const query = new URLSearchParams();
  if (typeof MaxResults === "number") query.set("maxResults", String(MaxResults));
  if (typeof NextToken === "string") query.set("nextToken", NextToken);
  return query;
}

const sha256 = (content: string): string => createHash("sha256").update(content).digest("hex");

const reply = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): ConnectResponse => ({
  status,
  headers: { "content-type": "application/json", "x-amzn-requestid": randomUUID(), ...headers },
  body: JSON.stringify(body),
});
