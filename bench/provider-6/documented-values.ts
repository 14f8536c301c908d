/**
 * What the documentation of AWS provider 6.x says about arguments of our stacks and the bindings do not contain: allowed values, and
 * deprecated arguments.
 *
 * Source: the documentation of the provider, as `@pulumi/aws` 7.48.0 on npm repeats it in its declarations.
 */

/** The allowed values of arguments that have a literal value in a stack. */
export const allowedValues: Readonly<Record<string, readonly (string | number)[]>> = {
  "aws_cloudwatch_event_rule.state": ["DISABLED", "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"],
  "aws_cloudwatch_log_group.retention_in_days": [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ],
  "aws_cloudwatch_metric_alarm.comparison_operator": [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
  ],
  "aws_cloudwatch_metric_alarm.treat_missing_data": ["breaching", "ignore", "missing", "notBreaching"],
  "aws_connect_contact_flow.type": [
    "AGENT_HOLD",
    "AGENT_TRANSFER",
    "AGENT_WHISPER",
    "CONTACT_FLOW",
    "CUSTOMER_HOLD",
    "CUSTOMER_QUEUE",
    "CUSTOMER_WHISPER",
    "OUTBOUND_WHISPER",
    "QUEUE_TRANSFER",
  ],
  "aws_lambda_function.architectures": ["arm64", "x86_64"],
  "aws_lambda_function.logging_config.log_format": ["JSON", "Text"],
  "aws_lambda_function.runtime": ["nodejs20.x", "nodejs22.x", "nodejs24.x"],
};

/** The deprecated arguments of the types in our stacks. */
export const deprecated: readonly string[] = [
  "aws_cloudwatch_event_rule.is_enabled",
  "aws_dynamodb_table.global_secondary_index.hash_key",
  "aws_dynamodb_table.global_secondary_index.range_key",
  "aws_iam_role.inline_policy",
  "aws_iam_role.managed_policy_arns",
];

/** Deprecated arguments that a stack sets nevertheless, with the reason. */
export const acceptedDeprecations: Readonly<Record<string, string>> = Object.fromEntries(
  ["hash_key", "range_key"].map((key) => [
    `aws_dynamodb_table.global_secondary_index.${key}`,
    "Deprecated since 6.29 in favour of `key_schema`, which 5.100.0 does not have. The provider only prints a warning.",
  ]),
);
