/** Releases the vendor's table: Terraform removes it from the state and does not change it. */
import { DataAwsDynamodbTable } from "@cdktf/provider-aws/lib/data-aws-dynamodb-table";
import { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { noForeignIndex, tableAddress } from "./adopted-table";
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
    const table = new DataAwsDynamodbTable(this, "live", {
      name: instance.table.name,
      lifecycle: { postcondition: [indexIsGone(instance)] },
    });
    table.overrideLogicalId("live");
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
    condition: `\${!contains([for i in self.global_secondary_index : i.name], "${indexName}") || !${noForeignIndex}}`,
    errorMessage:
      `Table \${self.name} still has the index ${indexName}. Nothing was changed. ` +
      `To delete the index, set release: remove-index ${here}, deploy that, and then set release: forget. ` +
      `To keep the index, set release: keep-index.${lastIndex}`,
  };
}
