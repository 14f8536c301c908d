/** A complete instance configuration for tests, with made-up values. */
import { builtInDefaults } from "../../config/schema";
import type { InstanceConfig } from "../../config/types";

export const sampleInstance: InstanceConfig = {
  environment: "test",
  name: "acme",
  stackName: "test-acme-eu-central-1",
  stage: 1,
  wave: { name: "all", index: 0 },
  suspended: false,
  account: "111122223333",
  region: "eu-central-1",
  partition: "aws",
  dnsSuffix: "amazonaws.com",
  instanceId: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
  instanceArn: "arn:aws:connect:eu-central-1:111122223333:instance/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
  awsProvider: "~> 5.100.0",
  state: {
    bucket: "acme-terraform-state",
    region: "eu-west-1",
    key: "connectpath-call-blocking/test/eu-central-1/acme/terraform.tfstate",
  },
  allowances: [],
  tags: { "cost-centre": "4711" },
  blockedDispositions: ["Blocked"],
  anonymousCallers: "allow",
  exemptNumbers: [],
  flows: { unprotectedNumbers: [] },
  lookup: { budgetMs: 1500, flowTimeLimitSeconds: 3, otherNumbers: false },
  table: {
    name: "dextr-acme",
    arn: "arn:aws:dynamodb:eu-central-1:111122223333:table/dextr-acme",
    indexArn: "arn:aws:dynamodb:eu-central-1:111122223333:table/dextr-acme/index/Disposition-CustomerEndpoint-index",
    adopt: true,
    indexTimeoutMinutes: 1440,
    acceptReplicas: false,
  },
  // The default thresholds.
  alarms: builtInDefaults.alarms,
  canary: {
    name: "blockedCalls-canary-acme",
    roleName: "blockedCalls-canary-acme-eu-central-1",
    functionArn: "arn:aws:lambda:eu-central-1:111122223333:function:blockedCalls-canary-acme",
    logGroupName: "/aws/lambda/blockedCalls-canary-acme",
    logGroupArn: "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/blockedCalls-canary-acme",
  },
  function: {
    name: "blockedCalls-acme",
    roleName: "blockedCalls-acme-eu-central-1",
    aliasArn: "arn:aws:lambda:eu-central-1:111122223333:function:blockedCalls-acme:live",
    logGroupName: "/aws/lambda/blockedCalls-acme",
    logGroupArn: "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/blockedCalls-acme",
    runtime: "nodejs22.x",
    memoryMb: 512,
    logRetentionDays: 30,
  },
};
