/** A made-up fleet for the tests of the report, with every state of an instance. */
import { analyzeCoverage } from "../../../../flows/coverage/analyze";
import { blockedStatusModule } from "../../../../flows/blocked-status";
import { inboundFlow } from "../../../../flows/inbound";
import type { CoveredInstance } from "../../../../fleet/checks/coverage/cover-instances";
import type { ReportedInstance } from "../../../../fleet/checks/report/gather";
import type { DayCounts } from "../../../../fleet/checks/status/calls";
import { instanceStatus, type Readings, skippedStatus } from "../../../../fleet/checks/status/instance-status";
import { unknown } from "../../../../fleet/checks/status/reading";
import { sampleInstance } from "../../../stacks/sample-instance";

export const now = Date.UTC(2026, 10, 26, 14, 30);
const ago = (hours: number): string => new Date(now - hours * 3_600_000).toISOString();

const counts = (blocked: number) => ({ calls: 400, blocked, lookups: 396, lookupErrors: 0, functionErrors: 0 });

const healthy: Readings = {
  live: { value: { state: "deployed", version: "12", modified: ago(140) } },
  index: { value: { state: "ACTIVE", contacts: 120 } },
  numbers: { value: { protected: 2, notProtected: 0, unknown: 0, checkedAt: ago(0.2) } },
  canary: { value: { answer: "right", at: ago(0.05), listedContacts: 20 } },
  alarms: { value: { active: [], insufficientData: [], missing: [], silenced: [] } },
  calls: { value: { day: counts(12), week: counts(71) } },
  differences: { value: [] },
};

/** Blocked calls of 30 days; the first days have no data. */
const days = (seed: number): readonly DayCounts[] =>
  Array.from({ length: 30 }, (_, n) => ({
    day: new Date(Date.UTC(2026, 9, 28 + n)).toISOString().slice(0, 10),
    counts: n < seed % 4 ? undefined : counts((n * 7 + seed * 5) % 23),
  }));

/** A flow that checks every caller. The name contains markup and a phone number, as someone could type them in Connect. */
export const hostileName = `<img src=x onerror=alert(1)> for +15555550199 "quoted"`;
const content = inboundFlow({ moduleId: "module", queueId: "queue-1", whenBlocked: { action: "disconnect" } });
const blockedStatus = blockedStatusModule({
  functionArn: sampleInstance.function.aliasArn,
  blockedDisposition: "Blocked",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
});
const world = { flows: new Map(), modules: new Map([["module", { check: blockedStatus }]]) };

function coverageOf(stack: string, isProtected: boolean): CoveredInstance {
  const analysed = analyzeCoverage({ name: "flow-1", content, world });
  const flows = analysed.flows.map((flow) => ({ ...flow, flow: hostileName }));
  const base = { numberId: "n", description: "Main line", flow: { id: "flow-1", name: hostileName } };
  const open = { verdict: "not checked", reason: "a blocked caller reaches a queue" } as const;
  const path = [{ flow: hostileName, block: "Set queue", branch: "success" }];
  return {
    stack,
    outcome: isProtected ? "ok" : "failed",
    numbers: [
      { coverage: { ...base, number: "+1••••••••01", verdict: "protected" }, flows },
      {
        coverage: { ...base, number: "+1••••••••02", ...(isProtected ? { verdict: "protected" } : { ...open, path }) },
        flows,
      },
    ],
  };
}

interface Made {
  readonly readings?: Partial<Readings>;
  readonly drift?: ReportedInstance["drift"];
  readonly isReleased?: boolean;
}

function made(
  n: number,
  environment: string,
  { readings = {}, drift, isReleased = false }: Made = {},
): ReportedInstance {
  const name = `shop-${n}`;
  const stackName = `${environment}-${name}-eu-central-1`;
  const instance = { ...sampleInstance, name, environment, stackName };
  const all = { ...healthy, ...readings };
  const isOpen = "value" in all.numbers && all.numbers.value.notProtected > 0;
  const nothing = unknown("not-checked", "The instance is decommissioned.");
  return {
    status: isReleased ? skippedStatus({ ...instance, release: "remove-index" }) : instanceStatus(instance, all, now),
    days: isReleased || "unknown" in all.calls ? nothing : { value: days(n) },
    coverage: isReleased ? { stack: stackName, outcome: "ok", numbers: [] } : coverageOf(stackName, !isOpen),
    list: isReleased ? nothing : { value: { blocked: 80 + n, others: n % 3, contacts: 130 + n, misspelled: n % 2 } },
    drift: drift ?? { value: { state: "as-deployed", checkedAt: ago(11) } },
  };
}

const unreachable = unknown(
  "unreachable",
  "AWS did not answer in eu-central-1: no answer within 15 s.",
  "Check the network.",
);

/** 20 active instances: one failed alarm, one with an open number and other settings, one with drift, one unreachable; and a released one. */
export const reportedFleet = (): readonly ReportedInstance[] => [
  made(0, "prod", {
    readings: {
      alarms: { value: { active: ["lookup-errors", "silence"], insufficientData: [], missing: [], silenced: [] } },
      canary: { value: { answer: "wrong", at: ago(0.05) } },
    },
  }),
  made(1, "prod", {
    readings: {
      numbers: { value: { protected: 1, notProtected: 1, unknown: 0, checkedAt: ago(0.2) } },
      differences: { value: [{ code: "memory", detail: "memory in MB is 128 instead of 512" }] },
    },
  }),
  made(2, "prod", { drift: { value: { state: "drift", checkedAt: ago(11) } } }),
  made(3, "staging", {
    readings: {
      live: unreachable,
      index: unreachable,
      canary: unreachable,
      alarms: unreachable,
      calls: unreachable,
      differences: unreachable,
    },
  }),
  ...Array.from({ length: 16 }, (_, n) => made(4 + n, n % 2 === 0 ? "prod" : "staging")),
  made(20, "staging", { isReleased: true }),
];
