/** Builds policy documents for the roles of the function and the canary. */
import type { InstanceConfig } from "../config/types";

/** Returns a policy as JSON. */
export function policyDocument(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Returns the trust policy that permits Lambda to assume the role. */
export function lambdaTrustPolicy(): string {
  return policyDocument([
    { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
  ]);
}

/**
 * Returns the policy that permits decryption with the table's KMS key, only through DynamoDB and only for this table.
 *
 * @param tableKeyArn a Terraform expression for the ARN of the key
 */
export function decryptPolicy({ region, dnsSuffix, table }: InstanceConfig, tableKeyArn: string): string {
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

/** What Lambda does with the function's role to connect the function to a VPC. */
const networkActions = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/**
 * Returns the policy with which Lambda manages the network interfaces of a function in a VPC. The ids of these interfaces are unknown, and
 * AWS allows no other resource than `*` for most of these actions. The code of the function needs none of these actions, so a statement
 * denies them to the code. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
export function networkPolicy({ function: { aliasArn } }: InstanceConfig): string {
  return policyDocument([
    { Sid: "ConnectToTheVpc", Effect: "Allow", Action: networkActions, Resource: "*" },
    {
      Sid: "NotFromTheCode",
      Effect: "Deny",
      Action: networkActions,
      Resource: "*",
      Condition: { ArnEquals: { "lambda:SourceFunctionArn": aliasArn.slice(0, aliasArn.lastIndexOf(":")) } },
    },
  ]);
}

/** Returns a Terraform expression for `count`: 1 if a customer managed key encrypts the table, otherwise 0. */
export function decryptPolicyCount(tableKeyArn: string): string {
  return `\${coalesce(${tableKeyArn}, "none") == "none" ? 0 : 1}`;
}
