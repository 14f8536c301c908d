/** Judges a saved plan before it is applied: what it would do to the vendor's table, to running calls, and to whom. */
import type { GuardRuleId } from "../../config/guard-rules";
import { neverAllowed } from "../../config/guard-rules";
import type { Allowance, InstanceConfig } from "../../config/types";
import { callPath } from "./call-path-rules";
import { deletions, imports, otherDynamodb, managedTypesOnly, renames, wholePlan } from "./own-rules";
import type { PlanJson } from "../terraform/plan-json";
import type { Rule, Violation } from "./rule";
import { tableAttributes, tableIdentity, tableIndexes, tableKept, tableSettings } from "./table-rules";

export type { Violation } from "./rule";

/** A violation that the environment file allows, by name and until a day. */
export interface Allowed {
  readonly violation: Violation;
  readonly allowance: Allowance;
}

export interface GuardResult {
  /** None: the plan may be applied. */
  readonly violations: readonly Violation[];
  readonly allowed: readonly Allowed[];
  /** Allowances whose last day is over, and those that nothing needed: to be removed from the file. */
  readonly expired: readonly Allowance[];
  readonly unused: readonly Allowance[];
}

/** Every rule, in the order in which their violations are told. */
export const rules: Readonly<Record<GuardRuleId, Rule>> = {
  "whole-plan": wholePlan,
  "table-kept": tableKept,
  "table-identity": tableIdentity,
  "table-settings": tableSettings,
  "table-attributes": tableAttributes,
  "table-indexes": tableIndexes,
  "other-dynamodb": otherDynamodb,
  rename: renames,
  "own-types": managedTypesOnly,
  imports,
  deletion: deletions,
  "call-path": callPath,
};

/**
 * Judges exactly the plan that is going to be applied. Whatever it does not know, it refuses; there is no way to turn it off.
 *
 * @param today `YYYY-MM-DD`, by which allowances expire; with anything else none counts
 * @param judgedBy tests leave one out
 */
export function guard(
  plan: PlanJson,
  instance: InstanceConfig,
  today: string,
  judgedBy: readonly Rule[] = Object.values(rules),
): GuardResult {
  const found = judgedBy.flatMap((rule) => rule(plan, instance));
  // A rename says all that there is to say of the deletion it comes with.
  const renamed = new Set(found.filter(({ rule }) => rule === "rename").map(({ address }) => address));
  const told = found.filter(
    ({ rule, address }) => !((rule === "deletion" || rule === "call-path") && renamed.has(address)),
  );

  const isDay = /^\d{4}-\d\d-\d\d$/.test(today);
  const counts = ({ until }: Allowance): boolean => isDay && until >= today;
  const violations: Violation[] = [];
  const allowed: Allowed[] = [];
  for (const violation of told) {
    const fitting = instance.allowances.filter(
      ({ resource, rule }) =>
        rule === violation.rule && resource === violation.address && neverAllowed(rule) === undefined,
    );
    const allowance = fitting.find(counts);
    const last = fitting.at(-1);
    if (allowance !== undefined) allowed.push({ violation, allowance });
    else if (last === undefined) violations.push(violation);
    else violations.push({ ...violation, what: `${violation.what} The allowance for it ended on ${last.until}.` });
  }
  const used = new Set(allowed.map(({ allowance }) => allowance));
  return {
    violations,
    allowed,
    expired: instance.allowances.filter((allowance) => !counts(allowance)),
    unused: instance.allowances.filter((allowance) => counts(allowance) && !used.has(allowance)),
  };
}

/** `YYYY-MM-DD`, in UTC: an allowance ends everywhere at the same moment. */
export const today = (): string => new Date().toISOString().slice(0, 10);
