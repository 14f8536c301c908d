/** All commands, in the order in which the help lists them. */
import { atlantis } from "./atlantis";
import { bootstrap } from "./bootstrap";
import type { Command } from "./command-line";
import { check } from "./check/command";
import { config } from "./config";
import { deploy } from "./deploy/command";
import { discover } from "./discover/command";
import { drift } from "./drift";
import { flows } from "./flows";
import { guardCommand } from "./guard/command";
import { iam } from "./iam/command";
import { list } from "./list";
import { lock } from "./lock";
import { matrix } from "./matrix";
import { plan } from "./plan";
import { recover } from "./recover";
import { preflight } from "./preflight/command";
import { verify } from "./verify/command";

export const commands: readonly Command[] = [
  list,
  config,
  flows,
  bootstrap,
  iam,
  discover,
  preflight,
  plan,
  guardCommand,
  deploy,
  verify,
  check,
  drift,
  recover,
  matrix,
  atlantis,
  lock,
];
