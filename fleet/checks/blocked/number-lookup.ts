/** Looks up single numbers of one instance, with the same result as the list of blocked numbers. */
import type { InstanceConfig } from "../../../config/types";
import { type InstanceClients, instanceClients } from "../../aws/instance-clients";
import { describeExistingTable, tableKeys } from "../../aws/live-table";
import { CommandError } from "../../output/command-error";
import { redactNumbers } from "../../output/redact";
import { lookupFailure } from "../caller/lookup-failure";
import { type BlockedNumber, blockedNumbers, statusOf } from "./blocked-numbers";
import { type RateOptions, ReadBudget } from "./read-budget";

export class NumberLookup {
  private readonly clients: InstanceClients;
  private readonly budget: ReadBudget;
  private keyNames: readonly string[] | undefined;
  /** Why AWS did not answer, and what to do. No other number is looked up then. */
  private failed: string | undefined;

  constructor(
    readonly instance: InstanceConfig,
    rate: RateOptions,
  ) {
    this.clients = instanceClients(instance);
    this.budget = new ReadBudget(rate);
  }

  get failure(): string | undefined {
    return this.failed;
  }

  /**
   * The line of this address in the list of blocked numbers. An address that is not in the list has no contacts, and the status is the
   * reason that the function would return. Undefined after a failure.
   */
  async find(address: string): Promise<BlockedNumber | undefined> {
    const { instance, clients } = this;
    if (this.failed !== undefined) return undefined;
    try {
      this.keyNames ??= tableKeys(await describeExistingTable(clients.dynamodb, instance.table.name));
      const listed = blockedNumbers(instance, clients.dynamodb, this.keyNames, this.budget, { address });
      for await (const number of listed) return number;
    } catch (error) {
      const reason = error instanceof CommandError ? error.message : lookupFailure(error, instance.stackName);
      if (reason === undefined) throw error;
      this.failed = redactNumbers(reason);
      return undefined;
    }
    const status = statusOf(instance, address);
    return { address, status: status === "blocked" ? "not_blocked" : status, dispositions: [], contacts: 0, keys: [] };
  }

  /** Closes all connections. */
  close(): void {
    this.clients.destroy();
  }
}
