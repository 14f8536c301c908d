/** The vendor's table when it is let go of: out of Terraform's state, and exactly as it is. */
import { DataAwsDynamodbTable } from "@cdktf/provider-aws/lib/data-aws-dynamodb-table";
import { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { oursOrNone, tableAddress } from "./adopted-table";
import type { ForgottenResource } from "./state-blocks";

/** The table as Terraform forgets it. A destroy that comes before the release is deployed does not delete it either. */
export const releasedTable = ({ table, stackName }: InstanceConfig): ForgottenResource => ({
  from: tableAddress,
  refuseDestroy: `The table ${table.name} belongs to the vendor and is not deleted. Deploy ${stackName} first: that lets go of it.`,
});

/**
 * Stops the plan while our index is still on the table, since nobody would ever take it off after that.
 *
 * Reads the table and manages nothing: a table that the vendor has deleted meanwhile is let go of with `keep-index`, which
 * does not look at it.
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
    : " If that was deployed already and nothing was to change: this line of the AWS provider does not delete a table's last index; delete it in DynamoDB.";
  return {
    // One of another shape is not ours.
    condition: `\${!contains([for i in self.global_secondary_index : i.name], "${indexName}") || !${oursOrNone}}`,
    errorMessage:
      `Table \${self.name} still has the index ${indexName}. Nothing was changed. ` +
      `To take it off, set release: remove-index ${here}, deploy that, and then set release: true. ` +
      `To leave it on the table, set release: keep-index.${lastIndex}`,
  };
}
