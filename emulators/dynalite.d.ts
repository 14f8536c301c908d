/** Types for the part of dynalite that this project uses. dynalite is a DynamoDB emulator that serves HTTP from the same process. */
declare module "dynalite" {
  import type { Server } from "node:http";

  /** Duration of each change of a table, in milliseconds. */
  interface Delays {
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
  }
  export default function dynalite(delays?: Delays): Server;
}
