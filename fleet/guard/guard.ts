/** Decides whether a plan may be applied: checks its effects on the vendor's table, on calls and on other resources. */
import type { GuardRuleId } from "../../config/guard-rules";
import { neverAllowed } from "../../config/guard-rules";
import { oneLine } from "../../config/printable";
import type { Allowance, InstanceConfig } from "../../config/types";
import type { PlanJson } from "../terraform/plan-json";
import { callPath } from "./call-path-rules";
import { applyable, ownProvider, safeConfiguration } from "./configuration-rules";
import { content } from "./content-rules";
import { liveTableIdentity, liveTableIndex, liveTableRead } from "./live-table-rules";
import { deletions, imports, managedTypesOnly, otherDynamodb, renames, wholePlan } from "./resource-rules";
import type { Rule, Violation } from "./rule";
import { securitySettings } from "./security-rules";
import { tableAttributes, tableIdentity, tableIndexes, tableKept, tableSettings } from "./table-rules";

export type { Violation } from "./rule";

/** A violation that an allowance in the environment file covers. */
export interface Allowed {
  readonly violation: Violation;
  readonly allowance: Allowance;
}

export interface GuardResult {
  /** Empty: the plan may be applied. */
  readonly violations: readonly Violation[];
  readonly allowed: readonly Allowed[];
  /** Allowances after their last day. */
  readonly expired: readonly Allowance[];
  /** Allowances that this plan does not need. */
  readonly unused: readonly Allowance[];
}

/** Every rule, in the order in which violations are reported. */
export const rules: Readonly<Record<GuardRuleId, Rule>> = {
  "whole-plan": (plan, instance) => [
    ...wholePlan(plan, instance),
    ...applyable(plan, instance),
    ...ownProvider(plan, instance),
    ...safeConfiguration(plan, instance),
  ],
  "table-kept": (plan, instance) => [...tableKept(plan, instance), ...liveTableRead(plan, instance)],
  "table-identity": (plan, instance) => [...tableIdentity(plan, instance), ...liveTableIdentity(plan, instance)],
  "table-settings": tableSettings,
  "table-attributes": tableAttributes,
  "table-indexes": (plan, instance) => [...tableIndexes(plan, instance), ...liveTableIndex(plan, instance)],
  "other-dynamodb": otherDynamodb,
  rename: renames,
  "own-types": managedTypesOnly,
  imports,
  deletion: deletions,
  "call-path": callPath,
  "security-settings": securitySettings,
  content,
};

/**
 * Checks the plan that will be applied. The guard refuses every unknown part of a plan, and cannot be switched off.
 *
 * @param today `YYYY-MM-DD`, to decide which allowances have expired; with any other text, no allowance applies
 */
export function guard(plan: PlanJson, instance: InstanceConfig, today: string): GuardResult {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(today);
  const isCurrent = ({ until }: Allowance): boolean => isDay && until >= today;
  const violations: Violation[] = [];
  const allowed: Allowed[] = [];
  for (const violation of violationsIn(plan, instance)) {
    const fitting = instance.allowances.filter(
      ({ resource, rule }) =>
        rule === violation.rule && resource === violation.address && neverAllowed(rule) === undefined,
    );
    const allowance = fitting.find(isCurrent);
    const last = fitting.at(-1);
    if (allowance !== undefined) allowed.push({ violation, allowance });
    else if (last === undefined) violations.push(violation);
    else
      violations.push({
        ...violation,
        what: `${violation.what} The allowance for this violation ended on ${last.until}.`,
      });
  }
  const used = new Set(allowed.map(({ allowance }) => allowance));
  return {
    violations: violations.map(onOneLine),
    allowed: allowed.map(({ violation, allowance }) => ({ violation: onOneLine(violation), allowance })),
    expired: instance.allowances.filter((allowance) => !isCurrent(allowance)),
    unused: instance.allowances.filter((allowance) => isCurrent(allowance) && !used.has(allowance)),
  };
}

/** Maximum length of an address. */
const maxAddress = 300;

/** Violations contain names and values from the plan. */
const onOneLine = ({ rule, address, what, fix }: Violation): Violation => ({
  rule,
  address: oneLine(address, maxAddress),
  what: oneLine(what),
  fix: oneLine(fix),
});

function violationsIn(plan: PlanJson, instance: InstanceConfig): readonly Violation[] {
  const found = Object.values(rules).flatMap((rule) => rule(plan, instance));
  // The rule "rename" explains the deletion under the old address too.
  const renamed = new Set(found.filter(({ rule }) => rule === "rename").map(({ address }) => address));
  // The message of every other rule is more specific than the message of "content".
  const refused = new Set(found.filter(({ rule }) => rule !== "content").map(({ address }) => address));
  return found.filter(
    ({ rule, address }) =>
      !(["deletion", "call-path"].includes(rule) && renamed.has(address)) &&
      !(rule === "content" && refused.has(address)),
  );
}

/** `YYYY-MM-DD`, in UTC, so that an allowance ends everywhere at the same moment. */
export const today = (): string => new Date().toISOString().slice(0, 10);
