/** Resources written as the JSON that Terraform reads, without constructs. */

/**
 * Resources by type and logical id. Values are what Terraform reads, references to other resources as expressions
 * (`${aws_sns_topic.alarms.arn}`); a token of cdktf would stay as it is.
 *
 * What watches a stack is about twenty resources, most of a stack's. As constructs, cdktf would resolve each of their values three times;
 * written as they are, they leave the synth of a large fleet as long as it was (docs/performance.md).
 */
export type RawResources = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** The resources of all parts; each has its own ids. */
export function mergeRaw(...parts: readonly RawResources[]): RawResources {
  const merged: Record<string, Record<string, object>> = {};
  for (const part of parts) {
    for (const [type, resources] of Object.entries(part)) merged[type] = { ...merged[type], ...resources };
  }
  return merged;
}

/** The same resources, none of which is planned or made before what is at the address. */
export function after(address: string, plain: RawResources): RawResources {
  const dependent = (resource: { readonly depends_on?: readonly string[] }): object => ({
    ...resource,
    depends_on: [...(resource.depends_on ?? []), address].sort(),
  });
  const each = (resources: Readonly<Record<string, object>>): Record<string, object> =>
    Object.fromEntries(Object.entries(resources).map(([id, resource]) => [id, dependent(resource)]));
  return Object.fromEntries(Object.entries(plain).map(([type, resources]) => [type, each(resources)]));
}
