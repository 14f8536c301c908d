/** Conflicts between instances: names and ids that AWS or Terraform has only once. */
import { hasCanary, namesOf, problemAt } from "./levels";
import type { Candidate } from "./levels";
import { show } from "./problems";
import type { Path, Problem } from "./problems";

/** A name that only one instance can have. */
interface UniqueName {
  readonly kind: string;
  /** Undefined if the name is not known. A part of the scope is undefined if that part is not known. */
  readonly name: string | undefined;
  /** The account and region in which the name is unique; empty: in all files. */
  readonly scope: readonly (string | undefined)[];
  /** The key that gives the name; undefined if the name is derived from the instance's name. */
  readonly givenAt: Path | undefined;
  readonly fix: string;
}

/**
 * Conflicts between all instances. The place of each problem is the later instance, and its message names the earlier one.
 *
 * State keys need no check: two state keys are equal only if the stack names are equal.
 */
export function conflicts(instances: readonly Candidate[]): Problem[] {
  const owners = new Map<string, Candidate>();
  return instances.flatMap((candidate) => {
    const sameName = new Set<Candidate>();
    return uniqueNames(candidate).flatMap(({ kind, name, scope, givenAt, fix }) => {
      if (name === undefined || scope.includes(undefined)) return [];
      const key = JSON.stringify([kind, name.toLowerCase(), ...scope]);
      const earlier = owners.get(key);
      if (earlier === undefined) {
        owners.set(key, candidate);
        return [];
      }
      if (givenAt === undefined) {
        // Two instances with the same name also share every derived name. One problem for all of these names is enough.
        if (sameName.has(earlier)) return [];
        sameName.add(earlier);
      }
      const message = `${placeOf(earlier)} has the same ${kind}, ${show(name)}.`;
      return problemAt(candidate, [givenAt ?? ["name"]], message, fix);
    });
  });
}

/**
 * Names are compared without case. IAM compares role names without case, and some file systems compare the directories of stacks without
 * case. Two names that differ only in case are probably a typing error.
 */
function uniqueNames(candidate: Candidate): UniqueName[] {
  const { account, region, id, tableName, function: given, alarms } = candidate.settings;
  const { stack, table, function: functionName, role, canary, canaryRole } = namesOf(candidate);
  return [
    {
      kind: "stack name",
      name: stack,
      scope: [],
      givenAt: undefined,
      fix: "Rename or remove one of the instances.",
    },
    {
      kind: "Connect instance id",
      name: id?.slice(id.lastIndexOf("/") + 1),
      // A replica in another region has the id of its source (Connect's ReplicateInstance).
      scope: [region],
      givenAt: ["id"],
      fix: "Correct one of the ids, or remove one of the instances.",
    },
    {
      kind: "table name",
      name: table,
      scope: [account, region],
      givenAt: tableName === undefined ? undefined : ["tableName"],
      fix: "Two stacks must not manage one table. Correct tableName, or remove one of the instances.",
    },
    {
      kind: "function name",
      name: functionName,
      scope: [account, region],
      givenAt: given?.name === undefined ? undefined : ["function", "name"],
      fix: "Give each instance its own function.name, or remove the key to use the default.",
    },
    {
      kind: "role name",
      name: role,
      scope: [account],
      givenAt: given?.roleName === undefined ? undefined : ["function", "roleName"],
      fix: "Give each instance its own function.roleName, or remove the key to use the default.",
    },
    ...(hasCanary(candidate)
      ? [
          {
            kind: "function name",
            name: canary,
            scope: [account, region],
            givenAt: alarms?.canaryName === undefined ? undefined : ["alarms", "canaryName"],
            fix: "Give each function its own name in alarms.canaryName or function.name, or use the defaults.",
          },
          {
            kind: "role name",
            name: canaryRole,
            scope: [account],
            givenAt: alarms?.canaryRoleName === undefined ? undefined : ["alarms", "canaryRoleName"],
            fix: "Give each role its own name in alarms.canaryRoleName or function.roleName, or use the defaults.",
          },
        ]
      : []),
  ];
}

function placeOf({ levels: [own] }: Candidate): string {
  if (own === undefined) return "";
  const { file, position, path } = own.file.yaml.problem(own.at, "", "");
  return `${path} (${file}:${position?.line ?? 1}:${position?.column ?? 1})`;
}
