/** Finds resources that a plan would create although they exist already: the state was lost or moved, or another deployment or person created resources with the same names. */
import { answersInstance, isOwnDescription, managingStack } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import {
  ALARM,
  ALIAS,
  ASSOCIATION,
  DASHBOARD,
  EVENT_RULE,
  FLOW,
  FUNCTION,
  LOG_GROUP,
  MODULE,
  ROLE,
  isCanaryResource,
  resourceType,
} from "../../stacks/resource-types";
import { associatedFunctions, describeModule, flowsOf, modulesOf } from "../aws/connect-instance";
import { describeRole } from "../aws/iam-role";
import type { InstanceClients } from "../aws/instance-clients";
import { aliasExists, functionConfiguration } from "../aws/lambda-function";
import { logGroupExists } from "../aws/log-group";
import { dashboardExists, existingAlarms, ruleExists } from "../aws/monitoring";
import type { Violation } from "../guard/rule";
import { errorMessage } from "../output/error-message";
import { redactText } from "../output/redact";
import { textAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";

/** The creator of an existing resource, according to the description of the resource. */
type Owner =
  /** The stack with this name. */
  | { readonly stack: string }
  /** A stack of this project for the same instance. The description does not contain the name of the stack. */
  | "this project"
  /** The resource has no description. Its owner is the owner of the other existing resources in the plan. */
  | "unknown"
  /** Another creator. The description is redacted. */
  | { readonly description: string };

/** A resource that the plan would create and that exists. */
interface ExistingResource {
  readonly planned: ResourceChange;
  readonly owner: Owner;
  /** Id that AWS assigned: for a module or a flow. */
  readonly id?: string;
}

/** The result of the comparison of a plan with AWS. */
export interface ExistingResources {
  readonly violations: readonly Violation[];
  /** Failed lookups, each with the resources and the cause. */
  readonly warnings: readonly string[];
}

/** Only a plan that creates a resource of one of these types is compared with AWS. */
const decisiveTypes: readonly string[] = [FUNCTION, ROLE, MODULE, ALIAS, ASSOCIATION];

/** Calls AWS only if the plan creates a resource of one of the decisive types. The lookups need the policy `plan`. */
export async function findExistingResources(
  plan: PlanJson,
  instance: InstanceConfig,
  clients: InstanceClients,
): Promise<ExistingResources> {
  const created = plan.resource_changes.filter(
    ({ mode, change }) => mode === "managed" && change.actions.join() === "create" && change.importing === undefined,
  );
  if (!created.some(({ type }) => decisiveTypes.includes(type))) return { violations: [], warnings: [] };
  const existing: ExistingResource[] = [];
  const failures = new Map<string, string[]>();
  await Promise.all(
    lookupsFor(created, instance, clients).map(async ({ subject, run }) => {
      try {
        existing.push(...(await run()));
      } catch (error) {
        const message = errorMessage(error);
        failures.set(message, [...(failures.get(message) ?? []), subject]);
      }
    }),
  );
  const warnings = [...failures].map(
    ([message, subjects]) =>
      `It is unknown whether these resources exist already: ${subjects.sort().join(", ")}. ${message}. ` +
      "If one of them exists, the deployment fails halfway. Attach the policy plan or deploy (npm run fleet -- iam) to the role that plans.",
  );
  return { violations: violationsFor(created, existing, instance), warnings };
}

interface Lookup {
  /** The resources that are looked up, for a warning. */
  readonly subject: string;
  readonly run: () => Promise<readonly ExistingResource[]>;
}

function lookupsFor(
  created: readonly ResourceChange[],
  { instanceId, function: own }: InstanceConfig,
  { cloudwatch, connect, eventbridge, iam, lambda, logs }: InstanceClients,
): readonly Lookup[] {
  const ofType = (type: string): readonly ResourceChange[] => created.filter((resource) => resource.type === type);
  const each = (
    type: string,
    find: (name: string, planned: ResourceChange) => Promise<Omit<ExistingResource, "planned"> | undefined>,
  ): readonly Lookup[] =>
    ofType(type).map((planned) => ({
      subject: nameOf(planned),
      run: async () => {
        const found = await find(shortName(planned), planned);
        return found === undefined ? [] : [{ planned, ...found }];
      },
    }));
  const unknownIf = (exists: boolean) => (exists ? { owner: "unknown" as const } : undefined);
  const alarms = ofType(ALARM);
  return [
    ...each(FUNCTION, async (name, planned) => {
      const found = await functionConfiguration(lambda, name);
      return found && { owner: ownerByDescription(planned, found.Description) };
    }),
    ...each(ROLE, async (name, planned) => {
      const found = await describeRole(iam, name);
      return found && { owner: ownerByDescription(planned, found.Description) };
    }),
    ...each(MODULE, async (name, planned) => {
      const id = (await modulesOf(connect, instanceId)).find(({ Name }) => Name === name)?.Id;
      if (id === undefined) return undefined;
      const found = await describeModule(connect, instanceId, id);
      return { owner: ownerByDescription(planned, found?.Description), id };
    }),
    ...each(FLOW, async (name) => {
      const id = (await flowsOf(connect, instanceId)).find(({ Name }) => Name === name)?.Id;
      return id === undefined ? undefined : { owner: "unknown", id };
    }),
    ...each(ALIAS, async (name) => unknownIf(await aliasExists(lambda, own.name, name))),
    ...each(ASSOCIATION, async () =>
      unknownIf((await associatedFunctions(connect, instanceId)).includes(own.aliasArn)),
    ),
    ...each(LOG_GROUP, async (name) => unknownIf(await logGroupExists(logs, name))),
    ...each(EVENT_RULE, async (name) => unknownIf(await ruleExists(eventbridge, name))),
    ...each(DASHBOARD, async (name) => unknownIf(await dashboardExists(cloudwatch, name))),
    ...(alarms.length === 0
      ? []
      : [
          {
            subject: "the alarms",
            run: async () => {
              const names = await existingAlarms(cloudwatch, alarms.map(shortName));
              return alarms
                .filter((planned) => names.includes(shortName(planned)))
                .map((planned) => ({ planned, owner: "unknown" as const }));
            },
          },
        ]),
  ];
}

function ownerByDescription({ change }: ResourceChange, actual: string | undefined): Owner {
  const stack = managingStack(actual);
  if (stack !== undefined) return { stack };
  const own = textAt(change.after, "description");
  if (own !== undefined && isOwnDescription(own, actual)) return "this project";
  return { description: redactText(actual ?? "") };
}

/** The last part of the identity: `blockedCalls-acme`. */
function shortName({ type, address, change }: ResourceChange): string {
  return textAt(change.after, resourceType(type)?.identity.at(-1) ?? "name") ?? address;
}

/** `the Lambda function blockedCalls-acme` */
function nameOf(planned: ResourceChange): string {
  return `${resourceType(planned.type)?.label ?? planned.type} ${shortName(planned)}`;
}

const isForeign = ({ owner }: ExistingResource): boolean => typeof owner === "object" && "description" in owner;
const stackOf = ({ owner }: ExistingResource): readonly string[] =>
  typeof owner === "object" && "stack" in owner ? [owner.stack] : [];

function violationsFor(
  created: readonly ResourceChange[],
  existing: readonly ExistingResource[],
  instance: InstanceConfig,
): readonly Violation[] {
  // In the order of the plan. The answers of AWS arrive in any order.
  const found = [...existing].sort((a, b) => created.indexOf(a.planned) - created.indexOf(b.planned));
  const hasOwn = found.some((resource) => resource.owner === "this project" || stackOf(resource).length > 0);
  const foreign = found.filter((resource) => isForeign(resource) || (!hasOwn && failsIfPresent(resource)));
  // A resource with an unknown owner has the owner of the other existing resources. An alarm or a dashboard alone is no violation, because an apply overwrites it.
  const own = hasOwn ? found.filter((resource) => !isForeign(resource)) : [];
  return [
    ...(own.length === 0 ? [] : [ownExists(created, own, instance)]),
    ...foreign.map((resource) => foreignExists(resource, instance)),
  ];
}

/** Whether the creation of the resource fails if it exists. Terraform overwrites existing alarms and dashboards. */
const failsIfPresent = ({ planned: { type } }: ExistingResource): boolean => ![ALARM, DASHBOARD].includes(type);

function ownExists(
  created: readonly ResourceChange[],
  own: readonly ExistingResource[],
  instance: InstanceConfig,
): Violation {
  const { stackName } = instance;
  const stacks = [...new Set(own.flatMap(stackOf))];
  const others = stacks.filter((stack) => stack !== stackName);
  const names = own.map(({ planned }) => nameOf(planned));
  const list = names.length <= 8 ? names : [...names.slice(0, 7), `${names.length - 7} more`];
  const [cause, fix] =
    others.length > 0
      ? managedElsewhere(others, instance)
      : notInState(stacks.includes(stackName) ? "this stack" : "this project", instance);
  return {
    rule: "existing-resources",
    address: "",
    what:
      `The plan would create ${created.length} resources, but ${own.length} of them exist already: ${list.join(", ")}. ` +
      `${cause} An apply would fail halfway.`,
    fix,
  };
}

const movedStackPage = 'docs/disaster-recovery.md, "A moved or renamed stack"';

/** The cause and the remedy if another stack manages the resources. */
function managedElsewhere(others: readonly string[], { name, region, environment }: InstanceConfig): [string, string] {
  const other = others.join(" and ");
  const end = `-${name}-${region}`;
  const [first = ""] = others;
  const file = first.endsWith(end) ? `environments/${first.slice(0, -end.length)}.yaml` : undefined;
  const restore =
    file === undefined
      ? `use the old name again (the stack was ${other})`
      : `use the old file name again (${file}, now environments/${environment}.yaml)`;
  return [
    `The stack ${other} manages them. Either the environment file or the instance was renamed, or the instance was moved to another ` +
      "file. Or another deployment, for example from another repository, manages the same Connect instance.",
    `If something was renamed or moved, ${restore}, or move the state: ${movedStackPage}, has the steps. ` +
      "If another deployment manages the instance, keep the instance in only one of the two.",
  ];
}

/** The cause and the remedy if the resources belong to this instance but are not in the state. */
function notInState(owner: "this stack" | "this project", instance: InstanceConfig): [string, string] {
  const { stackName, name, state } = instance;
  const object = `s3://${state.bucket}/${state.key}`;
  const causes = [
    `Either the state ${object} was lost. Or the values under state in the environment file were changed, so that Terraform reads another object. Or an earlier deployment ended before it wrote its state.`,
    ...(owner === "this project"
      ? [
          "Or the environment file or the instance was renamed, or another deployment manages the same Connect instance.",
        ]
      : []),
  ];
  const evidence =
    owner === "this stack"
      ? `They belong to this stack (${stackName}), but its state does not contain them.`
      : `Their descriptions name this instance (${JSON.stringify(answersInstance(name))}), but the state does not contain them.`;
  const fixes = [
    `If the values under state in the environment file were changed, restore the old values. See ${movedStackPage}.`,
    `If the state is lost or incomplete, restore an older version of the object, or rebuild it: npm run fleet -- recover stack=${stackName}.`,
    ...(owner === "this project"
      ? [
          "If something was renamed, use the old name again. If another deployment manages the instance, keep the instance in only one of the two.",
        ]
      : []),
  ];
  return [[evidence, ...causes].join(" "), fixes.join(" ")];
}

function foreignExists({ planned, owner, id }: ExistingResource, { stackName, name }: InstanceConfig): Violation {
  const shows =
    typeof owner === "object" && "description" in owner
      ? `its description is ${JSON.stringify(owner.description)}`
      : "no other resource of this stack exists";
  return {
    rule: "existing-resources",
    address: planned.address,
    what:
      `The plan would create ${nameOf(planned)}, which exists already. This stack did not create it: ${shows}. ` +
      `It was probably created by hand, for example with the vendor's guide. An apply would ${effectOfCreation(planned)}.`,
    fix: `${remedyFor(planned, id, name)} Details: npm run fleet -- preflight stack=${stackName}.`,
  };
}

/** Most creations fail if the resource exists. EventBridge changes the existing rule. */
const effectOfCreation = ({ type }: ResourceChange): string =>
  type === EVENT_RULE ? "change it, and start our function instead of its own" : "fail halfway";

function remedyFor(planned: ResourceChange, id: string | undefined, name: string): string {
  const { type } = planned;
  const adopt = (key: string, other: string): string =>
    `Set adoptExisting.${key} for ${name} to adopt it, or ${other}.`;
  if (isCanaryResource(planned)) {
    const setting = type === ROLE ? "alarms.canaryRoleName" : "alarms.canaryName";
    return `Set ${setting} to another name, or delete the resource if nothing uses it.`;
  }
  if (type === FUNCTION) return adopt("function: true", "set function.name to another name");
  if (type === ROLE) return adopt("role: true", "set function.roleName to another name");
  if (type === LOG_GROUP) return adopt("logGroup: true", "delete it, or set function.name to another name");
  if (type === MODULE) return adopt(`module: ${id ?? "<id>"}`, "delete the module when no flow calls it");
  if (type === FLOW) return "Set inboundFlow.name to another name, or delete the flow when no phone number uses it.";
  if (type === ALIAS) return adopt("alias: true", "set function.name to another name");
  if (type === ASSOCIATION) return adopt("association: true", "remove it in the Connect console (Flows, AWS Lambda)");
  return `Delete it, or set function.name for ${name} to another name.`;
}
