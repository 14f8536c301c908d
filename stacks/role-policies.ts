/** What the roles of both functions have in common. */
import type { InstanceConfig } from "../config/types";

/** JSON of a policy. */
export function policyDocument(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** The policy by which Lambda may take a role. */
export function runsLambda(): string {
  return policyDocument([
    { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
  ]);
}

/**
 * Reading the index of a table with a key of its own: with it, through DynamoDB and of that table alone.
 *
 * @param tableKeyArn - Terraform expression: ARN of the key
 */
export function decryptTheTable({ region, dnsSuffix, table }: InstanceConfig, tableKeyArn: string): string {
  return policyDocument([
    {
      Sid: "DecryptTheTable",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: `\${${tableKeyArn}}`,
      Condition: {
        StringEquals: {
          "kms:ViaService": `dynamodb.${region}.${dnsSuffix}`,
          "kms:EncryptionContext:aws:dynamodb:tableName": table.name,
        },
      },
    },
  ]);
}

/** Terraform expression for `count`: 1 where the table has a key of its own, else 0. */
export function isDecryptionDue(tableKeyArn: string): string {
  return `\${coalesce(${tableKeyArn}, "none") == "none" ? 0 : 1}`;
}
