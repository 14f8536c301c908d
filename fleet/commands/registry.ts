/** All commands, grouped by task, in the order of the help page. */
import { atlantis } from "./atlantis";
import { blocked } from "./blocked";
import { bootstrap } from "./bootstrap";
import { check } from "./check";
import type { CommandGroup } from "./command-line";
import { config } from "./config";
import { coverage } from "./coverage";
import { deploy } from "./deploy";
import { discover } from "./discover";
import { drift } from "./drift";
import { flows } from "./flows";
import { guardCommand } from "./guard";
import { iam } from "./iam";
import { indexCommand } from "./index-command";
import { list } from "./list";
import { matrix } from "./matrix";
import { plan } from "./plan";
import { preflight } from "./preflight";
import { providerLock } from "./provider-lock";
import { recover } from "./recover";
import { report } from "./report";
import { status } from "./status";
import { verify } from "./verify";
import { wire } from "./wire";

export const commandGroups: readonly CommandGroup[] = [
  { title: "Set up", commands: [discover, bootstrap, iam, preflight, providerLock] },
  { title: "Read the configuration", commands: [list, config, flows] },
  { title: "Plan and deploy", commands: [plan, deploy, indexCommand, wire] },
  { title: "Check what is deployed", commands: [status, verify, coverage, check, blocked, drift, report] },
  { title: "Recover", commands: [recover] },
  { title: "Integrate with CI", commands: [matrix, atlantis, guardCommand] },
];
