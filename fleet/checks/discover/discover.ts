/** Searches the regions of one account for ConnectPath's tables and Connect instances, and writes an environment file. */
import { regions as everyRegion, partitionOf, type Region } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { callerIdentity } from "../../aws/security-token-service";
import { CommandError } from "../../output/command-error";
import { environmentFile } from "./environment-file";
import { match } from "./match";
import { inspectRegion, type FoundRegion } from "./region";

export interface DiscoverOptions {
  /** @default every region of the account's partition */
  readonly regions: readonly Region[] | undefined;
  /** ARN of the role to search with. @default the credentials of the caller */
  readonly role: string | undefined;
  /** The account that must be searched. @default the account of the role or credentials */
  readonly expectedAccount: string | undefined;
  /** Instances of the environment files. They are not written again. */
  readonly known: readonly InstanceConfig[];
  /** Comments to add to the environment file. */
  readonly notes: readonly string[];
}

export interface Discovery {
  readonly environmentFile: string;
  /** Whether every request was answered. */
  readonly isComplete: boolean;
}

/** @throws CommandError if the account is not the expected one, or AWS accepts no credentials */
export async function discoverAccount(options: DiscoverOptions): Promise<Discovery> {
  const { role, known, notes } = options;
  const account = await accountOf(options);
  const regions = options.regions ?? everyRegion.filter((region) => partitionOf(region) === account.partition);
  const searched = await Promise.all(regions.map((region) => searchRegion(region, role)));
  const matched = match(account.id, searched, known);
  return {
    environmentFile: environmentFile({
      account: account.id,
      regions: searched,
      found: matched.found,
      notes: [...notes, ...matched.notes],
    }),
    isComplete: searched.every(({ problems }) => problems.length === 0),
  };
}

async function accountOf({
  regions,
  role,
  expectedAccount,
}: DiscoverOptions): Promise<{ readonly id: string; readonly partition: string }> {
  const arn = role ?? (await callerIdentity(regions?.[0] ?? "us-east-1")).arn;
  const [, partition = "aws", , , id = ""] = arn.split(":");
  if (expectedAccount !== undefined && expectedAccount !== id) {
    const subject = role === undefined ? "The credentials belong" : "The role belongs";
    throw new CommandError(
      `${subject} to account ${id} (${arn}), not to ${expectedAccount}.\n` +
        `  Use other credentials, or --role with a role of account ${expectedAccount}.`,
    );
  }
  return { id, partition };
}

async function searchRegion(region: Region, role: string | undefined): Promise<FoundRegion> {
  const clients = instanceClients({ region, ...(role === undefined ? {} : { planRole: { arn: role } }) });
  try {
    return await inspectRegion(region, clients);
  } finally {
    clients.destroy();
  }
}
