/**
 * Finds updates of functions that an earlier deployment began and did not finish, and plans them again.
 *
 * The provider (5.100.0) updates a function in up to three calls: UpdateFunctionConfiguration, UpdateFunctionCode, PublishVersion. If a
 * later call fails, the state contains the new code hash nevertheless, and the next plan has no changes: the old code runs, or the alias
 * points to the old version. A plan does not show either that someone else changed the code.
 */
import { z } from "zod";
import { aliasName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { ALIAS, FUNCTION } from "../../stacks/resource-types";
import { instanceClients } from "../aws/instance-clients";
import { differingSettings, functionConfiguration } from "../aws/lambda-function";
import { errorMessage } from "../output/error-message";
import { textAt, valueAt } from "../terraform/json-values";
import { parsePlan } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import type { TerraformStack } from "../terraform/terraform-stack";

/** Values of `source_code_hash`, by the logical id of the function. */
type CodeHashes = Readonly<Record<string, string>>;

/** A plan that contains the unfinished updates. */
export interface CompletePlan {
  readonly plan: PlanJson;
  /** The same plan without the repeated updates. */
  readonly withoutRepeats: PlanJson;
  /** What is not live, and what the plan does about it: one text per function. */
  readonly unfinished: readonly string[];
}

/**
 * Saves a plan of the stack that also finishes all updates of its functions.
 *
 * @throws TerraformError, UnreadablePlan, UnreadableFunction
 */
export async function planCompletely(
  stack: Pick<TerraformStack, "plan" | "show">,
  instance: InstanceConfig,
  options: { readonly isLocked: boolean },
  file?: string,
): Promise<CompletePlan> {
  const planWith = async (hashes: CodeHashes): Promise<PlanJson> => {
    const isEmpty = Object.keys(hashes).length === 0;
    await stack.plan(isEmpty ? options : { ...options, override: overrideOf(hashes) }, file);
    return parsePlan(await stack.show(file));
  };
  let plan = await planWith({});
  const kept = keptHashes(plan);
  if (Object.keys(kept).length > 0) plan = await planWith(kept);
  const { unfinished, hashes } = await unfinishedUpdates(plan, instance);
  if (unfinished.length === 0) return { plan, withoutRepeats: plan, unfinished };
  return { plan: await planWith(withoutUnchanged({ ...kept, ...hashes })), withoutRepeats: plan, unfinished };
}

/**
 * The provider uploads the code and publishes a version if `source_code_hash` changes. It compares the text with the state only, so another
 * text for the same hash repeats the update. The text stays in the state until the code changes.
 */
const repeated = (hash: string): string => `${hash} (repeated)`;

const withoutMark = (text: string): string => text.replace(/ \(repeated\)$/, "");

/**
 * The texts that earlier repeated updates left in the state. Without an override, the plan would replace each text by the hash and repeat
 * the update.
 */
const keptHashes = (plan: PlanJson): CodeHashes =>
  Object.fromEntries(
    plan.resource_changes.filter(isExistingFunction).flatMap(({ name, change: { before, after } }) => {
      const kept = repeated(textAt(after, "source_code_hash") ?? "");
      return textAt(before, "source_code_hash") === kept ? [[name, kept]] : [];
    }),
  );

/** Removes the hashes that are already in the configuration. */
const withoutUnchanged = (hashes: CodeHashes): CodeHashes =>
  Object.fromEntries(Object.entries(hashes).filter(([, text]) => text !== withoutMark(text)));

const overrideOf = (hashes: CodeHashes): object => ({
  resource: {
    [FUNCTION]: Object.fromEntries(Object.entries(hashes).map(([id, hash]) => [id, { source_code_hash: hash }])),
  },
});

const hashesSchema = z.record(z.string(), z.object({ source_code_hash: z.string() }));
const configurationSchema = z.object({ resource: z.object({ [FUNCTION]: hashesSchema }) });
const overrideSchema = z.strictObject({
  resource: z.strictObject({
    [FUNCTION]: z.record(z.string(), z.strictObject({ source_code_hash: z.string() })),
  }),
});

/** Whether an override file in a plan does nothing but repeat updates of the functions in `cdk.tf.json`. */
export function onlyRepeatsUpdates(override: string, configuration: string): boolean {
  const repeats = overrideSchema.safeParse(parseJson(override)).data?.resource[FUNCTION];
  const functions = configurationSchema.safeParse(parseJson(configuration)).data?.resource[FUNCTION];
  if (repeats === undefined || functions === undefined) return false;
  return Object.entries(repeats).every(
    ([id, { source_code_hash }]) =>
      functions[id] !== undefined && source_code_hash === repeated(functions[id].source_code_hash),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** It cannot be checked whether the last update of a function is live. The message is for the user who planned. */
export class UnreadableFunction extends Error {
  override readonly name = "UnreadableFunction";
}

interface UnfinishedUpdates {
  readonly unfinished: readonly string[];
  /** A hash that differs from the state, for each function with an unfinished update. */
  readonly hashes: CodeHashes;
}

async function unfinishedUpdates(plan: PlanJson, instance: InstanceConfig): Promise<UnfinishedUpdates> {
  const unfinished: string[] = [];
  const hashes: Record<string, string> = {};
  for (const resource of plan.resource_changes.filter(isExistingFunction)) {
    const recorded = textAt(resource.change.before, "source_code_hash");
    // Otherwise the plan uploads new code and publishes a version.
    if (recorded === undefined || recorded !== textAt(resource.change.after, "source_code_hash")) continue;
    const found = await unfinishedUpdate(resource, plan, instance);
    if (found === undefined) continue;
    unfinished.push(found);
    const hash = withoutMark(recorded);
    hashes[resource.name] = recorded === hash ? repeated(hash) : hash;
  }
  return { unfinished, hashes };
}

const isExistingFunction = ({ mode, type, deposed, change }: ResourceChange): boolean =>
  mode === "managed" &&
  type === FUNCTION &&
  deposed === undefined &&
  change.before !== null &&
  ["no-op", "update"].includes(change.actions.join());

/** What is not live of the function; undefined if everything is live, or if this plan publishes a version anyway. */
async function unfinishedUpdate(
  { address, change: { before, after, after_unknown } }: ResourceChange,
  plan: PlanJson,
  instance: InstanceConfig,
): Promise<string | undefined> {
  const name = textAt(after, "function_name") ?? address;
  const hash = withoutMark(textAt(after, "source_code_hash") ?? "");
  const isPublished = valueAt(after, "publish") === true;
  const deployed = textAt(before, "code_sha256") ?? "unknown";
  if (deployed !== hash) {
    return (
      `The deployed code of ${name} is not the code of this stack (its SHA-256 is ${deployed}): a deployment failed before it uploaded ` +
      "the code, or someone changed the code. Terraform alone does not notice this. fleet plan uploads the code again" +
      (isPublished ? ", publishes a version and moves the alias to it." : ".")
    );
  }
  const publishesAnyway = valueAt(after_unknown, "version") === true;
  return isPublished && !publishesAnyway ? unpublishedUpdate(name, plan, instance) : undefined;
}

/** Compares `$LATEST` with the version that the alias points to after the plan. */
async function unpublishedUpdate(name: string, plan: PlanJson, instance: InstanceConfig): Promise<string | undefined> {
  const alias = plan.resource_changes.find(({ type, deposed }) => type === ALIAS && deposed === undefined)?.change;
  const version = textAt(alias?.after, "function_version") ?? textAt(alias?.before, "function_version");
  if (version === undefined) return undefined;
  const clients = instanceClients(instance);
  try {
    const latest = await functionConfiguration(clients.lambda, name);
    const live = await functionConfiguration(clients.lambda, name, version);
    if (latest === undefined) return undefined;
    const differing = live === undefined ? undefined : differingSettings(latest, live);
    if (differing?.length === 0) return undefined;
    const difference =
      differing === undefined ? "which does not exist" : `which differs from $LATEST in: ${differing.join(", ")}`;
    return (
      `The alias ${aliasName} of ${name} points to version ${version}, ${difference}. A deployment failed before it published $LATEST, or ` +
      "someone changed $LATEST. Terraform alone does not notice this. fleet plan publishes a version and moves the alias to it."
    );
  } catch (error) {
    throw new UnreadableFunction(
      `It cannot be checked whether the last update of ${name} is live. ${errorMessage(error)} ` +
        "If the request was denied, attach the policy plan or deploy (npm run fleet -- iam) to the role that reads.",
    );
  } finally {
    clients.destroy();
  }
}
