/** The contact table of an instance with `table.adopt: false`: the stack reads the table and never changes it. */
import type { DataAwsDynamodbTable } from "@cdktf/provider-aws/lib/data-aws-dynamodb-table";
import { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import { blockingIndexShape } from "../config/blocking-index";
import type { InstanceConfig } from "../config/types";
import {
  dataAddress,
  existingShape,
  hasIndexOfOurName,
  noForeignIndex,
  readLiveTable,
  rightKeyTypes,
  tableKeyArn,
} from "./live-table";
import type { TableCondition } from "./live-table";

/** Conditions without which no lookup would work. */
const readyForLookups = ({ stackName }: InstanceConfig): readonly TableCondition[] => [
  {
    condition: `\${${hasIndexOfOurName}}`,
    errorMessage:
      `Table \${self.name} has no index ${indexName}, and with table.adopt: false the stack does not create the index. Nothing was changed. ` +
      `Create the index with npm run fleet -- index stack=${stackName}, or ask the owner of the table to create it ` +
      `(${blockingIndexShape}, both keys of type S). Then plan again.`,
  },
  {
    condition: `\${${noForeignIndex}}`,
    errorMessage:
      `Table \${self.name} has an index named ${indexName} with another shape: ${existingShape}. ` +
      `Call blocking needs: ${blockingIndexShape}. Nothing was changed. ` +
      `Find out which application uses this index. If no application does, delete the index in DynamoDB, create it again with ` +
      `npm run fleet -- index stack=${stackName}, and plan again.`,
  },
  rightKeyTypes,
];

/** Reads the live table. The plan stops if our index is missing or wrong. */
export class ReadOnlyTable extends Construct {
  /** Resources that need the index depend on this data source: its conditions are checked first. */
  readonly table: DataAwsDynamodbTable;
  readonly address: string;
  readonly tableName: string;
  /** A Terraform expression for the ARN of the KMS key that encrypts the table; null or `""` if DynamoDB's own key encrypts it. */
  readonly keyArn: string;

  constructor(scope: Construct, id: string, instance: InstanceConfig) {
    super(scope, id);
    this.table = readLiveTable(this, instance.table.name, readyForLookups(instance));
    this.address = dataAddress(this.table);
    this.tableName = this.table.name;
    this.keyArn = tableKeyArn(this, this.table);
  }
}
