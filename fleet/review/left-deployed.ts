/** Instances that a change leaves deployed although no plan shows them: removed from the environment files, or suspended. */
import { maxName, oneLine } from "../output/foreign-text";
import { stackList } from "./review";

export interface LeftDeployed {
  readonly stackName: string;
  readonly reason: "removed" | "suspended";
}

const consequences: Readonly<Record<LeftDeployed["reason"], readonly [title: string, text: string]>> = {
  removed: [
    "Removed from the environment files",
    "All resources stay deployed, blocked callers stay blocked, and no stack manages the resources any more. To delete the resources, add the " +
      "instance again with release: remove-index, deploy, and follow the next step of the release.",
  ],
  suspended: [
    "Suspended",
    "All resources stay deployed as they are, and blocked callers stay blocked. Rollouts skip the instance until suspended is removed.",
  ],
};

/** One text for each reason: `Suspended: prod-acme-us-east-1. All resources stay deployed as they are, …` */
export function leftDeployedTexts(left: readonly LeftDeployed[]): readonly string[] {
  return (["removed", "suspended"] as const).flatMap((reason) => {
    const names = left.filter((entry) => entry.reason === reason).map(({ stackName }) => oneLine(stackName, maxName));
    const [title, text] = consequences[reason];
    return names.length === 0 ? [] : [`${title}: ${stackList(names)}. ${text}`];
  });
}
