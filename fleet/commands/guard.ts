/** `guard`: judges a plan that another pipeline made, as `plan` and `deploy` judge their own. */
import { readFileSync } from "node:fs";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { verdictOf } from "../review/review";
import { summary } from "../review/summary";
import { guard, today } from "../guard/guard";
import type { PlanJson } from "../terraform/plan-json";
import { parsePlan, UnreadablePlan } from "../terraform/plan-json";

export const guardCommand: Command = {
  name: "guard",
  summary: "Judges a plan that was made elsewhere: the output of terraform show -json, for one instance.",
  argument: "FILE",
  selection: "required",
  options: {},
  details: `FILE is what terraform show -json PLANFILE prints; - is standard input:
  terraform show -json tfplan | npm run --silent fleet -- guard - prod-acme-us-east-1
Apply exactly the plan file that was shown, and only after exit code 0 or 2. The selection must be of one instance.

Exit codes: 0 nothing to do, 2 changes and the guard allows them, 3 refused, 1 the plan cannot be judged.

${selectionSyntax}`,
  run({ argument, selection }, print) {
    const [instance, ...others] = selectFrom(readEnvironments(), selection);
    if (instance === undefined || others.length > 0) {
      throw new CommandError(
        `A plan is of one stack, and ${JSON.stringify(selection)} selects ${others.length + 1}. Give the name of one: ` +
          "npm run fleet -- list shows them.",
      );
    }
    const plan = readPlan(argument);
    const judged = [{ instance, plan, guard: guard(plan, instance, today()) }];
    print(summary(judged));
    return verdictOf(judged).exitCode;
  },
};

function readPlan(file: string): PlanJson {
  let text: string;
  try {
    text = readFileSync(file === "-" ? process.stdin.fd : file, "utf8");
  } catch (error) {
    throw new CommandError(`The plan cannot be read. ${errorMessage(error)}`);
  }
  try {
    return parsePlan(text);
  } catch (error) {
    if (!(error instanceof UnreadablePlan)) throw error;
    throw new CommandError(error.message);
  }
}
