/** Defines resources as Terraform JSON, without constructs, and merges them. */

/**
 * Resources by type and logical id, as Terraform reads them. A reference to another resource is a Terraform expression
 * (`${aws_sns_topic.alarms.arn}`). CDKTF does not resolve tokens in these values.
 *
 * The monitoring of a stack has about twenty resources. Constructs would make the synth of a large fleet slower, because CDKTF
 * resolves every value three times (docs/decisions/raw-resources.md has the figures).
 */
export type RawResources = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** Merges resources. Each address may be in only one part. */
export function mergeRaw(...parts: readonly RawResources[]): RawResources {
  const merged: Record<string, Record<string, object>> = {};
  for (const part of parts) {
    for (const [type, resources] of Object.entries(part)) merged[type] = { ...merged[type], ...resources };
  }
  return merged;
}

/** Returns the resources with `address` added to the `depends_on` of each resource. */
export function dependOn(address: string, resources: RawResources): RawResources {
  const withDependency = (resource: { readonly depends_on?: readonly string[] }): object => ({
    ...resource,
    depends_on: [...(resource.depends_on ?? []), address].sort(),
  });
  const mapValues = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
  return mapValues(resources, (byId) => mapValues(byId, withDependency));
}
