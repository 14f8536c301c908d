/** Releases the vendor's table: Terraform removes it from the state and does not change it. */
import { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { tableAddress } from "./adopted-table";
import { hasIndexOfOurName, noForeignIndex, readLiveTable } from "./live-table";
import type { ForgottenResource } from "./state-blocks";

/**
 * Returns the entry that removes the table from the state. If someone runs `destroy` before this deployment, the command fails and does not
 * delete the table.
 */
export const releasedTable = ({ table, stackName }: InstanceConfig): ForgottenResource => ({
  from: tableAddress,
  refuseDestroy: `The table ${table.name} belongs to the vendor and is not deleted. Deploy ${stackName} first, which removes the table from the state.`,
});

/**
 * Stops the plan while the table still has our index. After the release, nothing would delete the index.
 *
 * This construct reads the table. If the vendor deleted the table, use `keep-index`, which does not read the table.
 */
export class ReleasedTable extends Construct {
  constructor(scope: Construct, id: string, instance: InstanceConfig) {
    super(scope, id);
    readLiveTable(this, instance.table.name, [indexIsGone(instance)]);
  }
}

function indexIsGone({ name, environment, awsProvider }: InstanceConfig) {
  const here = `for ${name} in environments/${environment}.yaml`;
  // hashicorp/terraform-provider-aws#47490
  const lastIndex = awsProvider.startsWith("~> 5.")
    ? ""
    : " If you already deployed remove-index and the plan had no change: this version of the AWS provider cannot delete the last index of a table. Delete the index in DynamoDB.";
  return {
    // An index with another shape is not ours.
    condition: `\${!${hasIndexOfOurName} || !${noForeignIndex}}`,
    errorMessage:
      `Table \${self.name} still has the index ${indexName}. Nothing was changed. ` +
      `To delete the index, set release: remove-index ${here}, deploy that, and then set release: forget. ` +
      `To keep the index, set release: keep-index.${lastIndex}`,
  };
}
