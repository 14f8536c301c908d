/** Reads one contact flow of a Connect instance, and replaces its content. */
import {
  type ConnectClient,
  type ContactFlow,
  InvalidContactFlowException,
  UpdateContactFlowContentCommand,
} from "@aws-sdk/client-connect";
import { didYouMean } from "../../config/did-you-mean";
import { CommandError } from "../output/command-error";
import { describeFlow, flowsOf } from "./connect-instance";

/**
 * The flow with this id, ARN or name, as it is published.
 *
 * @throws CommandError if the instance has no such flow
 * @throws errors of the SDK
 */
export async function findFlow(client: ConnectClient, InstanceId: string, flow: string): Promise<ContactFlow> {
  const flows = await flowsOf(client, InstanceId);
  const found = flows.find(({ Id, Arn, Name }) => [Id, Arn, Name].includes(flow));
  if (found?.Id === undefined) {
    const near = didYouMean(
      flow,
      flows.flatMap(({ Name = "" }) => Name),
    );
    throw new CommandError(
      `${JSON.stringify(flow)} is neither a file nor the id, the ARN or the name of a flow of this instance.` +
        (near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`),
    );
  }
  return (await describeFlow(client, InstanceId, found.Id)) ?? {};
}

/**
 * Publishes new content for a flow.
 *
 * @throws CommandError with every problem that Connect reports
 * @throws errors of the SDK
 */
export async function updateFlow(
  client: ConnectClient,
  InstanceId: string,
  ContactFlowId: string,
  Content: string,
): Promise<void> {
  try {
    await client.send(new UpdateContactFlowContentCommand({ InstanceId, ContactFlowId, Content }));
  } catch (error) {
    if (!(error instanceof InvalidContactFlowException)) throw error;
    const problems = (error.problems ?? []).map(({ message = "" }) => `  ${message}`);
    throw new CommandError(
      `Connect refuses the new content, so the flow is unchanged:\n${problems.join("\n") || "  no reason given"}\n` +
        "Check that the queue and the flow of whenBlocked exist in this instance.",
    );
  }
}
