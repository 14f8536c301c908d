/** Writes `docs/runbook.md`: an entry for each alarm, from the definitions that make the alarms. */
import { writeFileSync } from "node:fs";
import { builtInDefaults } from "../config/schema";
import { ALARMS, anchorOf, type Alarm } from "../stacks/alarms";

/** What goes wrong where the vendor's guide is followed to the letter, and the alarm that shows it. */
export const GUIDE_BREAKS = [
  {
    what: "The runtime has no `aws-sdk` of version 2: the function cannot be loaded.",
    alarm: "function_errors",
  },
  { what: "The role of the template has no `dynamodb:Query`: every lookup is refused.", alarm: "lookup_errors" },
  { what: "The function is not associated with the Connect instance: it is never asked.", alarm: "silence" },
  { what: "The imported module calls the function of another account: ours is never asked.", alarm: "silence" },
] as const satisfies readonly { readonly what: string; readonly alarm: Alarm["id"] }[];

/** The page, in Markdown. */
export function runbookPage(): string {
  return [
    "# Runbook",
    "",
    "<!-- Written by `npm run runbook` from stacks/alarms.ts. -->",
    "",
    "What to do when an alarm goes off. Each stack has these alarms; their thresholds are in the environment file under `alarms`",
    "([environments.md](environments.md)), and `false` there leaves an alarm out. They tell the SNS topic `callBlocking-<stack>`, or the one",
    "that `alarms.topicArn` names. Nobody hears of them before somebody subscribes:",
    "",
    "```sh",
    "aws sns subscribe --topic-arn <topic> --protocol email --notification-endpoint <address>",
    "```",
    "",
    "An alarm that is left out, and a canary that is switched off, is deleted: the plan's guard asks for an allowance for each.",
    "",
    "| alarm | what it says |",
    "| --- | --- |",
    ...ALARMS.map((alarm) => `| [${anchorOf(alarm)}](#${anchorOf(alarm)}) | ${alarm.title} |`),
    "",
    ...ALARMS.flatMap(entry),
    "## What the vendor's guide leaves broken",
    "",
    "Followed to the letter, it gives a block that never blocks anybody, in four ways. Each of them shows here:",
    "",
    "| what is wrong | alarm |",
    "| --- | --- |",
    ...GUIDE_BREAKS.map(({ what, alarm }) => `| ${what} | [${anchorOf({ id: alarm })}](#${anchorOf({ id: alarm })}) |`),
    "",
  ].join("\n");
}

function entry(alarm: Alarm): string[] {
  const defaults = alarm.keys.map((key) => {
    const value = (builtInDefaults.alarms as Readonly<Record<string, unknown>>)[key];
    return `\`${key}: ${String(value)}\``;
  });
  return [
    `## ${anchorOf(alarm)}`,
    "",
    `**${alarm.title}.** ${alarm.means}`,
    "",
    `Threshold: ${defaults.join(", ")} unless the environment file says otherwise.`,
    "",
    `What callers notice: ${alarm.callers}`,
    "",
    "How to find out:",
    "",
    ...alarm.findOut.map((step) => `- ${step}`),
    "",
    "How to mend it:",
    "",
    ...alarm.mend.map((step) => `- ${step}`),
    "",
  ];
}

// Run from the project's root: npm run runbook
if (require.main === module) writeFileSync("docs/runbook.md", runbookPage());
