/** Every value of a resolved configuration has an origin: a line of a file, a default, or other values. */
import { loadEnvironments } from "../../config/load";
import type { Origin } from "../../config/provenance";
import { inDirectory, validYaml } from "./environment-files";
import type { Files } from "./environment-files";

/** Returns the origins of the values of one instance, by key. */
function originsOf(name: string, files: Files): Record<string, string> {
  return inDirectory(files, (directory) => {
    const { instances, settingsOf } = loadEnvironments(directory);
    const instance = instances.find((one) => one.name === name);
    if (instance === undefined) throw new Error(`instance ${name} is not loaded`);
    return Object.fromEntries(settingsOf(instance).map(({ key, origin }) => [key, originText(origin)]));
  });
}

function originText(origin: Origin): string {
  if (origin.kind === "file") return `${origin.file}:${origin.line}:${origin.column}`;
  return origin.kind === "derived" ? `from ${origin.from}` : "default";
}

test("every value of the smallest file has an origin, and only built-in defaults have the origin default", () => {
  const origins = originsOf("acme", { "dev.yaml": validYaml });
  expect(origins).toMatchObject({
    environment: "from the file's name",
    name: "environments/dev.yaml:6:5",
    account: "environments/dev.yaml:1:1",
    region: "environments/dev.yaml:2:1",
    instanceId: "environments/dev.yaml:7:5",
    stackName: "from environment, name, region",
    "state.bucket": "environments/dev.yaml:3:10",
    "table.name": "from name",
    "function.name": "from name",
    "function.roleName": "from name, region",
    "wave.name": "from the environment's waves",
    "wave.index": "from the environment's waves",
  });
  const defaults = Object.keys(origins).filter((key) => origins[key] === "default");
  expect(defaults).toEqual([
    "stage",
    "suspended",
    "awsProvider",
    "allowances",
    "tags",
    "anonymousCallers",
    "exemptNumbers",
    "lookup.budgetMs",
    "lookup.flowTimeLimitSeconds",
    "lookup.otherNumbers",
    "flows.unprotectedNumbers",
    "table.adopt",
    "table.indexTimeoutMinutes",
    "table.acceptReplicas",
    "alarms.runbookUrl",
    "alarms.dashboard",
    "alarms.canaryMinutes",
    "alarms.lookupErrors",
    "alarms.functionErrors",
    "alarms.throttles",
    "alarms.slowAnswersPercent",
    "alarms.silentCalls",
    "alarms.neverMatchesDays",
    "alarms.neverMatchesContacts",
    "alarms.matchesPercent",
    "alarms.matchesOfCalls",
    "alarms.indexThrottles",
    "function.runtime",
    "function.memoryMb",
    "function.logRetentionDays",
  ]);
});

test("the origin of a key is the innermost level that gives it, also within maps", () => {
  const files = {
    "defaults.yaml": `tags:
  team: voice
  owner: central
function:
  memoryMb: 256
  logRetentionDays: 90
`,
    "prod.yaml": `account: "111122223333"
region: us-east-1
state: { bucket: acme-state, region: us-east-1 }
blockedDispositions: [Blocked]
tags: { owner: prod }
waves: [canary, rest]
instances:
  - name: one
    id: 0f0e0d0c-1b1a-4918-8716-151413121110
  - name: two
    id: 1f0e0d0c-1b1a-4918-8716-151413121110
    tableName: contacts
    region: us-west-2
    blockedDispositions:
      - Spam
    function: { memoryMb: 1024, name: ask }
    wave: canary
    suspended: true
`,
  };
  expect(originsOf("one", files)).toMatchObject({
    region: "environments/prod.yaml:2:1",
    "tags.team": "environments/defaults.yaml:2:3",
    "tags.owner": "environments/prod.yaml:5:9",
    "function.memoryMb": "environments/defaults.yaml:5:3",
    "function.logRetentionDays": "environments/defaults.yaml:6:3",
  });
  expect(originsOf("two", files)).toMatchObject({
    region: "environments/prod.yaml:13:5",
    blockedDispositions: "environments/prod.yaml:14:5",
    "table.name": "environments/prod.yaml:12:5",
    "function.name": "environments/prod.yaml:16:33",
    "function.memoryMb": "environments/prod.yaml:16:17",
    "function.logRetentionDays": "environments/defaults.yaml:6:3",
    "wave.name": "environments/prod.yaml:17:5",
    suspended: "environments/prod.yaml:18:5",
  });
});
