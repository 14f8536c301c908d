/** Explains failed plans: credentials of another account, and a replacement of the table. Terraform's own message only recommends to disable `prevent_destroy`. */
import { z } from "zod";
import type { InstanceConfig } from "../../config/types";
import { TABLE } from "../../stacks/resource-types";
import { errorsIn } from "../terraform/diagnostics";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";

const address = `${TABLE}.contacts`;

/** The part of a state with the tables. */
const stateSchema = z.looseObject({
  resources: z.array(
    z.looseObject({
      type: z.string(),
      mode: z.string(),
      instances: z.array(z.looseObject({ attributes: z.looseObject({ name: z.string().exactOptional() }) })),
    }),
  ),
});

/** The message of a failed plan. If the plan would replace the table, the message contains the documented procedure. */
export async function planFailureText(
  error: Error,
  { name, stackName, environment, account, table }: InstanceConfig,
  stack: Pick<TerraformStack, "stateText">,
): Promise<string> {
  const found = /account ID not allowed: (\d{12})/i.exec(error.message)?.[1];
  if (found !== undefined) {
    return [
      `The credentials belong to account ${found}, but the environment file places ${name} in account ${account} (environments/${environment}.yaml). ` +
        "Nothing was changed.",
      `  Use credentials of account ${account}, or set deployRole (and planRole for plans that only read) to a role of that account.`,
      error.message,
    ].join("\n");
  }
  if (!(error instanceof TerraformError) || !concernsTable(error.output)) return error.message;
  const old = await tableInState(stack);
  const isRenamed = old !== undefined && old !== table.name;
  if (!isRenamed && !replacesTable(error.output)) return error.message;
  const reason = isRenamed
    ? `The state contains the table ${old}, but the environment file names the table ${table.name} (tableName of ${name} in ` +
      `environments/${environment}.yaml).`
    : `The table ${table.name} differs from the table in the state so much that Terraform would replace the table.`;
  const directory = `cdktf.out/stacks/${stackName}`;
  return [
    `${reason} Terraform would delete the old table with all contacts. So the plan was stopped, and nothing was changed.`,
    `  Do not disable prevent_destroy. If tableName was changed by mistake, restore${isRenamed ? ` the name ${old}` : " it"}.`,
    "  If the vendor restored or recreated the table, remove the old table from the state, and plan again. The old table, its contacts and",
    '  its index stay in AWS. Procedure (docs/disaster-recovery.md, "A restored or recreated table"):',
    "    npm run synth",
    `    terraform -chdir=${directory} init`,
    `    terraform -chdir=${directory} state rm ${address}`,
    `    npm run fleet -- plan stack=${stackName}`,
  ].join("\n");
}

/**
 * A replacement of a provisioned table fails before Terraform checks `prevent_destroy`: `ignore_changes` does not apply to a new table, so
 * its capacity is missing.
 */
const concernsTable = (output: string): boolean =>
  errorsIn(output).some(({ address: place, detail = "" }) => place === address || detail.includes(address));

/** Terraform's error for `prevent_destroy`: "Instance cannot be destroyed". */
const replacesTable = (output: string): boolean =>
  errorsIn(output).some(({ detail = "" }) => detail.includes(address) && detail.includes("prevent_destroy"));

/** Name of the table in the state; undefined if the state cannot be read or contains no table. */
async function tableInState(stack: Pick<TerraformStack, "stateText">): Promise<string | undefined> {
  const text = await stack.stateText().catch(() => "");
  if (text.trim() === "") return undefined;
  const { data } = stateSchema.safeParse(JSON.parse(text));
  const found = data?.resources.find(({ type, mode }) => type === TABLE && mode === "managed");
  return found?.instances[0]?.attributes.name;
}
