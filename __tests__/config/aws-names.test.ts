/** Names and ARNs stay within the limits of AWS in every region. */
import fc from "fast-check";
import { aliasArn, instanceNamePattern, partitionOf, regions } from "../../config/aws-names";

test("the alias ARN of the longest function name has at most the 140 characters that Connect allows", () => {
  const lengths = regions.map((region) => aliasArn({ account: "111122223333", region }, "f".repeat(64)).length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(140);
  expect(Math.max(...lengths)).toBeGreaterThan(120);
});

test("every region is in the partition of its name", () => {
  expect(regions.filter((region) => partitionOf(region) === "aws-us-gov")).toEqual(["us-gov-east-1", "us-gov-west-1"]);
  expect(regions.filter((region) => partitionOf(region) === "aws-cn")).toEqual(["cn-north-1", "cn-northwest-1"]);
  expect(new Set(regions).size).toBe(regions.length);
});

test("an instance name is valid exactly if Connect accepts it as an alias", () => {
  // Connect's own pattern for InstanceAlias, and its length.
  const connects = /^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$/;
  const name = fc.string({ unit: fc.constantFrom("a", "Z", "d", "0", "-", "_", ".", "é"), maxLength: 12 });
  fc.assert(
    fc.property(name, (alias) => {
      expect(instanceNamePattern.test(alias)).toBe(connects.test(alias));
    }),
    { numRuns: 2000 },
  );
  expect(instanceNamePattern.test("a".repeat(45))).toBe(true);
  expect(instanceNamePattern.test("a".repeat(46))).toBe(false);
});
