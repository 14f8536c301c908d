/** Clashes between instances: what AWS or Terraform has once and two instances would both take. */
import { hasCanary, namesOf, problemAt } from "./instance";
import type { Candidate } from "./instance";
import { show } from "./problems";
import type { Path, Problem } from "./problems";

/** A name that an instance takes for itself alone. */
interface Claim {
  readonly what: string;
  /** Undefined, like any part of its scope, while it is not known. */
  readonly name: string | undefined;
  /** Within what the name is unique. */
  readonly scope: readonly (string | undefined)[];
  /** The key that gives it, when one does; it follows from the instance's name otherwise. */
  readonly givenAt: Path | undefined;
  readonly fix: string;
}

/**
 * Problems of all instances with each other; each stands at the later of two and names the place of the earlier.
 *
 * State keys need no check of their own: two are equal only where the stack names are.
 */
export function clashes(fleet: readonly Candidate[]): Problem[] {
  const taken = new Map<string, Candidate>();
  return fleet.flatMap((candidate) => {
    const sameName = new Set<Candidate>();
    return claims(candidate).flatMap(({ what, name, scope, givenAt, fix }) => {
      if (name === undefined || scope.includes(undefined)) return [];
      const key = JSON.stringify([what, name.toLowerCase(), ...scope]);
      const earlier = taken.get(key);
      if (earlier === undefined) {
        taken.set(key, candidate);
        return [];
      }
      if (givenAt === undefined) {
        // Instances of one name in one place share all that follows from it: to say so once is enough.
        if (sameName.has(earlier)) return [];
        sameName.add(earlier);
      }
      const message = `The ${what} ${show(name)} is also that of ${placeOf(earlier)}.`;
      return problemAt(candidate, [givenAt ?? ["name"]], message, fix);
    });
  });
}

/**
 * Names are compared without case: IAM does so, and some file systems with a stack's directory; and names that differ in case
 * alone are a slip.
 */
function claims(candidate: Candidate): Claim[] {
  const { account, region, id, tableName, function: given, alarms } = candidate.settings;
  const { stack, table, function: functionName, role, canary, canaryRole } = namesOf(candidate);
  const another = "Give one of the two another name, or remove it.";
  return [
    { what: "stack name", name: stack, scope: [], givenAt: undefined, fix: another },
    {
      what: "Connect instance id",
      name: id?.slice(id.lastIndexOf("/") + 1),
      // A replica in another region keeps the id of its source (Connect's ReplicateInstance).
      scope: [region],
      givenAt: ["id"],
      fix: "Correct one of the two, or remove it.",
    },
    {
      what: "table name",
      name: table,
      scope: [account, region],
      givenAt: tableName === undefined ? undefined : ["tableName"],
      fix: "Two stacks must not manage one table: correct tableName, or remove one of the two.",
    },
    {
      what: "function name",
      name: functionName,
      scope: [account, region],
      givenAt: given?.name === undefined ? undefined : ["function", "name"],
      fix: "Give each instance its own function.name, or leave it to the default.",
    },
    {
      what: "role name",
      name: role,
      scope: [account],
      givenAt: given?.roleName === undefined ? undefined : ["function", "roleName"],
      fix: "Give each instance its own function.roleName, or leave it to the default.",
    },
    ...(hasCanary(candidate)
      ? [
          {
            what: "function name",
            name: canary,
            scope: [account, region],
            givenAt: alarms?.canaryName === undefined ? undefined : ["alarms", "canaryName"],
            fix: "Give each function its own name: alarms.canaryName, function.name, or the defaults.",
          },
          {
            what: "role name",
            name: canaryRole,
            scope: [account],
            givenAt: alarms?.canaryRoleName === undefined ? undefined : ["alarms", "canaryRoleName"],
            fix: "Give each role its own name: alarms.canaryRoleName, function.roleName, or the defaults.",
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
