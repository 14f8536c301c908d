/** The made-up company in the emulated account: a Connect instance with a phone number and a flow, and the vendor's table with contacts. */
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { FLOW_LANGUAGE_VERSION, type FlowContent } from "../flows/language/types";
import { credentials, type EmulatedAccount } from "./account";
import { createTableWithContacts, onDemandTable } from "./vendor-table";

export const company = {
  account: "111122223333",
  region: "us-east-1",
  bucket: "acme-terraform-state",
  environment: "emulated",
  /** Alias of the Connect instance. */
  alias: "acme",
  instanceId: "00000000-0000-4000-8000-000000000001",
  /** The flow that the company's phone number has before a deployment. */
  flow: "Main line",
  phoneNumber: "+15555550199",
} as const;

export const tableName = `dextr-${company.alias}`;
export const stackName = `${company.environment}-${company.alias}-${company.region}`;

const queue = "00000000-0000-4000-8000-00000000000a";

/** The environment file. `endpoint` is the URL of the emulators. */
export const environmentFile = (
  endpoint: string,
): string => `# The environment of npm run emulators. Every value is made up.
account: "${company.account}"
region: ${company.region}
state:
  bucket: ${company.bucket}
  region: ${company.region}
  endpoint: ${endpoint}
  usePathStyle: true
blockedDispositions: [Blocked]
instances:
  - name: ${company.alias}
    id: ${company.instanceId}
    inboundFlow:
      name: Main line with call blocking
      queue: ${queue}
      whenBlocked:
        action: message
        text: We cannot take your call. Goodbye.
`;

/** The flow before a deployment: it greets every caller and invokes no module. */
const mainLine: FlowContent = {
  Version: FLOW_LANGUAGE_VERSION,
  StartAction: "Greet the caller",
  Actions: [
    {
      Identifier: "Greet the caller",
      Type: "MessageParticipant",
      Parameters: { Text: "Welcome to Acme." },
      Transitions: { NextAction: "Set queue", Errors: [{ NextAction: "Set queue", ErrorType: "NoMatchingError" }] },
    },
    {
      Identifier: "Set queue",
      Type: "UpdateContactTargetQueue",
      Parameters: { QueueId: queue },
      Transitions: {
        NextAction: "Transfer to queue",
        Errors: [{ NextAction: "Hang up", ErrorType: "NoMatchingError" }],
      },
    },
    {
      Identifier: "Transfer to queue",
      Type: "TransferContactToQueue",
      Parameters: {},
      Transitions: {
        NextAction: "Hang up",
        Errors: [
          { NextAction: "Hang up", ErrorType: "QueueAtCapacity" },
          { NextAction: "Hang up", ErrorType: "NoMatchingError" },
        ],
      },
    },
    { Identifier: "Hang up", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} },
  ],
};

const contacts = [
  { hash: "contact-1", range: "ctr", g1: "chat" },
  { hash: "contact-2", range: "ctr", CustomerEndpoint: "+15555550100", Disposition: "Resolved" },
  { hash: "contact-3", range: "ctr", CustomerEndpoint: "+15555550101", Disposition: "Blocked" },
  { hash: "contact-4", range: "ctr", CustomerEndpoint: "+15555550102", Disposition: "Under review" },
  { hash: "contact-5", range: "ctr", CustomerEndpoint: "+15555550103" },
];

export const clientOf = ({ motoUrl }: EmulatedAccount): DynamoDBClient =>
  new DynamoDBClient({ endpoint: motoUrl, region: company.region, credentials });

/** Creates the table, the contacts, the flow and the phone number in the account. */
export async function foundCompany(account: EmulatedAccount): Promise<void> {
  const dynamodb = clientOf(account);
  await createTableWithContacts(dynamodb, { TableName: tableName, ...onDemandTable }, contacts);
  dynamodb.destroy();
  const flow = { Name: company.flow, Type: "CONTACT_FLOW", Content: JSON.stringify(mainLine) };
  const { status, body } = account.connect.handle({
    method: "PUT",
    url: `/contact-flows/${company.instanceId}`,
    body: Buffer.from(JSON.stringify(flow)),
    region: company.region,
  });
  if (status !== 200) throw new Error(`The flow "${company.flow}" could not be created: ${body}`);
  const { ContactFlowId: flowId } = JSON.parse(body) as { readonly ContactFlowId: string };
  account.connect.claimNumber(company.instanceId, { number: company.phoneNumber, flowId });
}

/** Stores a finished contact, as an agent's desktop does at the end of a call. */
export async function finishContact(account: EmulatedAccount, contactId: string, from: string, disposition: string) {
  const dynamodb = clientOf(account);
  const Item = {
    hash: { S: contactId },
    range: { S: "ctr" },
    CustomerEndpoint: { S: from },
    Disposition: { S: disposition },
  };
  await dynamodb.send(new PutItemCommand({ TableName: tableName, Item }));
  dynamodb.destroy();
}
