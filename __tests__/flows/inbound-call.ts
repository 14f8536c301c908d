/** A fictitious inbound phone call for tests of flows and modules. */
import type { Contact } from "../../flows/simulator";

/** @param attributes initial contact attributes */
export function inboundCall(attributes: Readonly<Record<string, string>> = {}): Contact {
  return {
    ContactId: "5ca32fbd-8f92-46af-92a5-6b0f970f0efe",
    Channel: "VOICE",
    InitiationMethod: "INBOUND",
    InstanceARN: "arn:aws:connect:us-east-1:111122223333:instance/11111111-2222-4333-8444-555555555555",
    AwsRegion: "us-east-1",
    CustomerEndpoint: { Address: "+15555550100", Type: "TELEPHONE_NUMBER" },
    SystemEndpoint: { Address: "+15555550199", Type: "TELEPHONE_NUMBER" },
    Attributes: attributes,
  };
}
