/** Schemas for the output of `terraform show -json` of a saved plan. The schemas refuse every unknown part. */
import { z } from "zod";
import { shortJson } from "./json-values";

/** What Terraform does to one resource. A replacement has two actions, in their order. */
export type Action = "no-op" | "create" | "read" | "update" | "delete" | "forget";

/** https://developer.hashicorp.com/terraform/internals/json-format#change-representation */
export interface Change {
  readonly actions: readonly Action[];
  /** Values before and after; null if the resource does not exist at that time. `after` omits values that are not known yet. */
  readonly before: unknown;
  readonly after: unknown;
  /** A value with `true` in each place where the planned value is known only after the apply. */
  readonly after_unknown?: unknown;
  /** A value with `true` in each place where the planned value must not be shown. */
  readonly before_sensitive?: unknown;
  readonly after_sensitive?: unknown;
  /** Places that force a replacement. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
  readonly importing?: { readonly id?: string; readonly identity?: unknown; readonly unknown?: boolean };
}

/** One resource, or one instance of a counted resource. */
export interface ResourceChange {
  readonly address: string;
  /** The address before a `moved` block. */
  readonly previous_address?: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  /** The module that contains the resource; absent for the root module. */
  readonly module_address?: string;
  /** Source of the provider, such as `registry.terraform.io/hashicorp/aws`. */
  readonly provider_name?: string;
  /** Key of an object that an interrupted replacement left behind. */
  readonly deposed?: string;
  readonly action_reason?: string;
  readonly change: Change;
}

/** Whether an apply would change the resource or the entry of the resource in the state. */
export const isTouched = ({
  mode,
  change,
  previous_address,
}: Pick<ResourceChange, "mode" | "change" | "previous_address">): boolean =>
  mode === "managed" &&
  (change.actions.join() !== "no-op" || change.importing !== undefined || previous_address !== undefined);

/** One saved plan. */
export interface PlanJson {
  readonly format_version: string;
  readonly terraform_version?: string;
  /** Whether planning failed before it was complete. */
  readonly errored: boolean;
  /** Whether the plan covers the whole configuration; false with `-target`. */
  readonly complete: boolean;
  readonly applyable: boolean;
  readonly resource_changes: readonly ResourceChange[];
  /** Changes since the last apply that Terraform did not make. */
  readonly resource_drift: readonly ResourceChange[];
  readonly deferred_changes: readonly unknown[];
  readonly output_changes: Readonly<Record<string, Change>>;
  /** Attributes of the data sources that were read for the plan, by address. */
  readonly dataSources: Readonly<Record<string, unknown>>;
  /** The configuration that was planned. */
  readonly configuration?: unknown;
  /** Addresses of the conditions that failed. */
  readonly failedChecks: readonly string[];
  /** Unknown keys at the top level. The guard refuses a plan that has any. */
  readonly unknownKeys: readonly string[];
}

/** The guard cannot check this plan. The message is for the user who planned. */
export class UnreadablePlan extends Error {
  override readonly name = "UnreadablePlan";

  constructor(reason: string) {
    super(
      `The plan cannot be read, so it must not be applied: ${reason}. ` +
        "Plan again with the Terraform version in .terraform-version. This program may not support newer Terraform versions.",
    );
  }
}

const actions = ["no-op", "create", "read", "update", "delete", "forget"] as const satisfies readonly Action[];

/** Sequences of actions that Terraform 1.11 has for one resource (its `jsonplan` package). */
const sequences: readonly string[] = [
  ...actions,
  "delete,create",
  "create,delete",
  // A replacement after which the old object stays in AWS, but is no longer managed.
  "create,forget",
];

function without<T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> {
  const copy = { ...value };
  for (const key of keys) Reflect.deleteProperty(copy, key);
  return copy;
}

/** A value of any form, or none. */
const anything = z.unknown().exactOptional();

const changeSchema: z.ZodType<Change> = z
  .strictObject({
    actions: z
      .array(z.enum(actions))
      .refine((list) => sequences.includes(list.join()), `unknown actions; expected ${sequences.join(" / ")}`),
    before: anything,
    after: anything,
    after_unknown: anything,
    before_sensitive: anything,
    after_sensitive: anything,
    replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).exactOptional(),
    importing: z.looseObject({ id: z.string().exactOptional(), unknown: z.boolean().exactOptional() }).nullish(),
    generated_config: anything,
    // Since Terraform 1.12. An identity names an object; it is not a change.
    before_identity: anything,
    after_identity: anything,
  })
  .transform(({ importing, before, after, ...rest }) => ({
    ...without(rest, "generated_config", "before_identity", "after_identity"),
    before: before ?? null,
    after: after ?? null,
    ...(importing === undefined || importing === null ? {} : { importing }),
  }));

const resourceSchema: z.ZodType<ResourceChange> = z.strictObject({
  address: z.string(),
  previous_address: z.string().exactOptional(),
  module_address: z.string().exactOptional(),
  mode: z.enum(["managed", "data"]),
  type: z.string(),
  name: z.string(),
  index: z.union([z.string(), z.number()]).exactOptional(),
  provider_name: z.string().exactOptional(),
  deposed: z.string().exactOptional(),
  action_reason: z.string().exactOptional(),
  change: changeSchema,
});

/** A list that may be absent. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);

const planSchema = z.looseObject({
  format_version: z.string().regex(/^1\.\d+$/, "unknown format; expected 1.x"),
  terraform_version: z.string().exactOptional(),
  errored: z.boolean(),
  complete: z.boolean(),
  applyable: z.boolean(),
  resource_changes: listOf(resourceSchema),
  resource_drift: listOf(resourceSchema),
  deferred_changes: listOf(z.unknown()),
  configuration: z.unknown().optional(),
  // https://developer.hashicorp.com/terraform/internals/json-format#checks-representation
  checks: listOf(z.looseObject({ status: z.string(), address: z.looseObject({ to_display: z.string() }) })),
  // https://developer.hashicorp.com/terraform/internals/json-format#state-representation
  prior_state: z
    .looseObject({
      values: z
        .looseObject({
          root_module: z
            .looseObject({
              resources: listOf(
                z.looseObject({ address: z.string(), mode: z.string(), values: z.unknown().optional() }),
              ),
            })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
  output_changes: z
    .record(z.string(), changeSchema)
    .nullish()
    .transform((changes) => changes ?? {}),
});

/** Keys at the top level that do not affect an apply. */
const ignoredKeys: readonly string[] = ["variables", "planned_values", "relevant_attributes", "timestamp"];

/**
 * Parses the output of `terraform show -json PLANFILE`.
 *
 * @throws UnreadablePlan if the format is unknown, or if a change has a part that the schemas do not know
 */
export function parsePlan(json: string): PlanJson {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UnreadablePlan("it is not JSON");
  }
  const result = planSchema.safeParse(value, { reportInput: true });
  const [issue] = result.error?.issues ?? [];
  if (issue !== undefined) throw new UnreadablePlan(issueText(issue, value));
  if (!result.success) throw new UnreadablePlan("it has an unknown form");
  const plan = result.data;
  return {
    format_version: plan.format_version,
    ...(plan.terraform_version === undefined ? {} : { terraform_version: plan.terraform_version }),
    errored: plan.errored,
    complete: plan.complete,
    applyable: plan.applyable,
    resource_changes: plan.resource_changes,
    resource_drift: plan.resource_drift,
    deferred_changes: plan.deferred_changes,
    output_changes: plan.output_changes,
    dataSources: Object.fromEntries(
      (plan.prior_state?.values?.root_module?.resources ?? [])
        .filter(({ mode }) => mode === "data")
        .map(({ address, values }) => [address, values]),
    ),
    ...(plan.configuration === undefined ? {} : { configuration: plan.configuration }),
    failedChecks: plan.checks
      .filter(({ status }) => !["pass", "unknown"].includes(status))
      .map(({ address }) => address.to_display),
    unknownKeys: Object.keys(value as object).filter(
      (key) => !Object.hasOwn(planSchema.shape, key) && !ignoredKeys.includes(key),
    ),
  };
}

/** `resource_changes[3].change.actions (aws_iam_role.canary) is ["destroy"]: unknown actions; expected …` */
function issueText(issue: z.core.$ZodIssue, plan: unknown): string {
  const steps = issue.path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  const [list, index] = issue.path;
  const address =
    typeof index === "number" ? (plan as Record<string, { address?: unknown }[]>)[String(list)]?.[index]?.address : "";
  const name = typeof address === "string" && address !== "" ? ` (${address})` : "";
  const place = `${steps.join("").slice(1) || "the plan"}${name}`;
  if (issue.code === "unrecognized_keys") {
    return `${place} has the unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
  }
  const given = issue.input === undefined ? "missing" : shortJson(issue.input);
  return `${place} is ${given}: ${issue.message}`;
}
