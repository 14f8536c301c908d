/** Derives the function's settings from the configuration of an instance. */
import type { InstanceConfig } from "../config/types";
import type { FunctionSettings } from "../lambda/settings";

export function functionSettings(instance: InstanceConfig): FunctionSettings {
  return {
    environment: instance.environment,
    instanceName: instance.name,
    tableName: instance.table.name,
    blockedDispositions: instance.blockedDispositions,
    anonymousCallers: instance.anonymousCallers,
    exemptNumbers: instance.exemptNumbers,
    otherNumbers: instance.lookup.otherNumbers,
    budgetMs: instance.lookup.budgetMs,
  };
}
