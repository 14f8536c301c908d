/** The command `discover`. */
import { regions as everyRegion, type Region } from "../../config/aws-names";
import { didYouMean } from "../../config/did-you-mean";
import { knownInstances } from "../checks/discover/known-instances";
import { CommandError } from "../output/command-error";
import type { Command } from "./command-line";
import { accountProblem } from "./options";

export const discover: Command = {
  name: "discover",
  summary:
    "Finds ConnectPath's tables and Connect instances in an account and prints an environment file; changes nothing.",
  selection: "none",
  options: {
    region: {
      value: "REGION,REGION",
      description: "The regions to search, separated by commas.",
      problemWith: regionsProblem,
      excludes: "all-regions",
    },
    "all-regions": { description: "Searches every region of the account's partition." },
    account: {
      value: "ACCOUNT",
      description: "Stops if the credentials belong to another account.",
      problemWith: accountProblem,
    },
    role: {
      value: "ARN",
      description: "Assumes this role first, to search another account.",
      problemWith: (value) =>
        /^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(value)
          ? undefined
          : `${JSON.stringify(value)} is not the ARN of a role, such as arn:aws:iam::111122223333:role/call-blocking-plan.`,
    },
  },
  details: `A table belongs to the instance whose alias is in the table's name: dextr-<alias>. The output omits instances that are already in the
environment files. Comments in the output name the tables and instances that could not be matched, and why. To write a file, redirect
the output:
npm run --silent fleet -- discover --all-regions > environments/prod.yaml

Exit codes: 0 every region was searched, 1 AWS refused a request.`,
  async run({ values, switches }, print) {
    const { discoverAccount } = await import("../checks/discover/discover");
    const regions = switches.has("all-regions") ? undefined : regionsIn(values.get("region") ?? "");
    if (regions?.length === 0) {
      throw new CommandError("Give the regions to search: --region us-east-1,eu-central-1, or --all-regions.");
    }
    const { environmentFile, isComplete } = await discoverAccount({
      regions,
      role: values.get("role"),
      expectedAccount: values.get("account"),
      ...knownInstances(),
    });
    print(environmentFile);
    return isComplete ? 0 : 1;
  },
};

const namesIn = (value: string): readonly string[] =>
  value
    .split(",")
    .map((region) => region.trim())
    .filter(Boolean);

const isRegion = (name: string): name is Region => everyRegion.some((region) => region === name);

const regionsIn = (value: string): readonly Region[] => [...new Set(namesIn(value).filter(isRegion))];

function regionsProblem(value: string): string | undefined {
  const problems = namesIn(value)
    .filter((name) => !isRegion(name))
    .map((name) => {
      const near = didYouMean(name, everyRegion);
      return `${JSON.stringify(name)} is not an AWS region.${near === undefined ? "" : ` Did you mean "${near}"?`}`;
    });
  return problems.length === 0 ? undefined : problems.join(" ");
}
