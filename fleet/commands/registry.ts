/** All commands, in the order in which the help lists them. */
import { atlantis } from "./atlantis";
import { bootstrap } from "./bootstrap";
import type { Command } from "./command-line";
import { check } from "./check";
import { config } from "./config";
import { deploy } from "./deploy";
import { discover } from "./discover";
import { drift } from "./drift";
import { flows } from "./flows";
import { guardCommand } from "./guard";
import { iam } from "./iam";
import { list } from "./list";
import { lock } from "./provider-lock";
import { matrix } from "./matrix";
import { plan } from "./plan";
import { recover } from "./recover";
import { preflight } from "./preflight";
import { verify } from "./verify";

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
