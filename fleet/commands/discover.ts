/** `discover`: finds ConnectPath's tables and their Connect instances in an account, and prints them as an environment file. */
import { regions as everyRegion, partitionOf, type Region } from "../../config/aws-names";
import { didYouMean } from "../../config/did-you-mean";
import { EnvironmentErrors } from "../../config/problems";
import { readEnvironments } from "../../config/project";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { instanceClients } from "../aws/instance-clients";
import { callerIdentity } from "../aws/security-token-service";
import { environmentFile } from "../checks/discover/environment-file";
import { match } from "../checks/discover/match";
import { lookAround, type FoundRegion } from "../checks/discover/region";

export const discover: Command = {
  name: "discover",
  summary:
    "Finds ConnectPath's tables and their Connect instances in an account, and prints them as an environment file; it only reads.",
  selection: "none",
  options: {
    region: { value: "REGION,REGION", description: "The regions to look in." },
    "all-regions": { description: "Looks in every region of the account's partition." },
    account: { value: "ACCOUNT", description: "Goes on only where the credentials are of this account." },
    role: { value: "ARN", description: "Looks with this role, for an account other than that of the credentials." },
  },
  details: `Table and instance are brought together by the instance's alias, as in dextr-<alias>. What is in the environment files already is not
printed again. Comments say what could not be matched, and why. Redirect the output into a file: npm run --silent fleet -- discover ...

Exit code 0: the regions could be looked at, whatever was found; 1: something in them could not be asked.`,
  async run({ values, switches }, print) {
    const given = regionsFrom(values.get("region"), switches.has("all-regions"));
    const role = values.get("role");
    const account = await accountOf(role, values.get("account"), given?.[0] ?? "us-east-1");
    const partition = account.partition;
    const regions = given ?? everyRegion.filter((region) => partitionOf(region) === partition);
    const { instances, complaint } = known();
    const looked = await Promise.all(regions.map((region) => inRegion(region, role)));
    const { found, notes } = match(account.id, looked, instances);
    print(environmentFile({ account: account.id, regions: looked, found, notes: [...complaint, ...notes] }));
    return looked.some(({ problems }) => problems.length > 0) ? 1 : 0;
  },
};

/** Undefined for all regions. @throws CommandError */
function regionsFrom(given: string | undefined, all: boolean): readonly Region[] | undefined {
  if (all && given !== undefined) throw new CommandError("Give either --region or --all-regions, not both.");
  if (all) return undefined;
  const named = (given ?? "")
    .split(",")
    .map((region) => region.trim())
    .filter(Boolean);
  if (named.length === 0) {
    throw new CommandError("Say where to look: --region us-east-1,eu-central-1, or --all-regions.");
  }
  const strangers = named.filter((name) => !everyRegion.some((region) => region === name));
  if (strangers.length > 0) {
    throw new CommandError(
      strangers
        .map((name) => {
          const near = didYouMean(name, everyRegion);
          return `${JSON.stringify(name)} is not an AWS region.${near === undefined ? "" : ` Did you mean "${near}"?`}`;
        })
        .join("\n"),
    );
  }
  return [...new Set(named)] as Region[];
}

interface Account {
  readonly id: string;
  readonly partition: string;
}

/** @throws CommandError where it is not the account that is wanted */
async function accountOf(role: string | undefined, wanted: string | undefined, region: string): Promise<Account> {
  if (wanted !== undefined && !/^\d{12}$/.test(wanted)) {
    throw new CommandError(`--account ${wanted} is not an AWS account id. Give its 12 digits.`);
  }
  if (role !== undefined && !/^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(role)) {
    throw new CommandError(
      `--role ${role} is not the ARN of a role, such as arn:aws:iam::111122223333:role/call-blocking-plan.`,
    );
  }
  const arn = role ?? (await callerIdentity(region)).arn;
  const [, partition = "aws", , , id = ""] = arn.split(":");
  if (wanted !== undefined && wanted !== id) {
    throw new CommandError(
      `${role === undefined ? "The credentials are" : "The role is"} of account ${id} (${arn}), not of ${wanted}.\n  Use others, or --role with a role of account ${wanted}.`,
    );
  }
  return { id, partition };
}

/** What is in the environment files; nothing where there are none yet, which is when this command is needed first. */
function known(): { readonly instances: readonly InstanceConfig[]; readonly complaint: readonly string[] } {
  try {
    return { instances: readEnvironments().instances, complaint: [] };
  } catch (error) {
    if (!(error instanceof EnvironmentErrors)) throw error;
    // A problem with the directory itself names no file in it.
    const areThere = error.problems.some(({ file }) => file.includes("/"));
    const complaint =
      "The environment files have errors (npm run fleet -- list), so what they hold already is printed too.";
    return { instances: [], complaint: areThere ? [complaint] : [] };
  }
}

async function inRegion(region: Region, role: string | undefined): Promise<FoundRegion> {
  const clients = instanceClients({ region, ...(role === undefined ? {} : { planRole: { arn: role } }) });
  try {
    return await lookAround(region, clients);
  } finally {
    clients.destroy();
  }
}
