/** The command `guard`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { CommandError } from "../output/command-error";
import { judgeExternalPlan } from "../plans/external-plan";
import { verdictOf } from "../review/review";
import { summary } from "../review/summary";
import type { Command } from "./command-line";
import { supportWarnings } from "./end-of-support";

export const guardCommand: Command = {
  name: "guard",
  summary: "Applies the guard to a plan that another pipeline made for one instance.",
  argument: "FILE",
  selection: "required",
  options: {},
  details: `FILE contains the output of terraform show -json PLANFILE. With - as FILE, the command reads standard input:
  terraform show -json tfplan | npm run --silent fleet -- guard - prod-acme-us-east-1
SELECTION must select exactly one instance. Apply only the plan file that was checked, and only after exit code 0 or 2.

Exit codes: 0 no changes, 2 changes that the guard allows, 3 refused, 1 the plan cannot be read.

${selectionSyntax}`,
  run({ argument, selection }, print) {
    const [instance, ...others] = selectFrom(readEnvironments(), selection);
    if (instance === undefined || others.length > 0) {
      throw new CommandError(
        `A plan belongs to one stack, but ${JSON.stringify(selection)} selects ${others.length + 1}. Give the name of one stack; ` +
          "npm run fleet -- list shows the names.",
      );
    }
    const planned = [judgeExternalPlan(argument, instance)];
    print(summary(planned, [], supportWarnings([instance])));
    return verdictOf(planned).exitCode;
  },
};
