/** Types of the part of dynalite that is used: a DynamoDB emulator in the process, over HTTP. */
declare module "dynalite" {
  import type { Server } from "node:http";

  /** How long tables take to change, in milliseconds. */
  interface Delays {
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
  }
  export default function dynalite(delays?: Delays): Server;
}
