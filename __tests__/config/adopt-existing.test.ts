/** The key `adoptExisting`: its values and errors. */
import { loadOne, refusal, validYaml } from "./environment-files";

const withLine = (line: string) => `${validYaml}    ${line}\n`;
const id = "3f0e0d0c-1b1a-4918-8716-151413121110";
const arn = (instance: string) => `arn:aws:connect:us-east-1:111122223333:instance/${instance}/flow-module/${id}`;

test("nothing is adopted by default", () => {
  expect(loadOne(validYaml)).not.toHaveProperty("adoptExisting");
  expect(loadOne(withLine("adoptExisting: {}")).adoptExisting).toEqual({
    function: false,
    role: false,
    logGroup: false,
    alias: false,
    association: false,
  });
});

test.each([id, arn("0f0e0d0c-1b1a-4918-8716-151413121110")])("the module %s is resolved to its bare id", (module) => {
  expect(
    loadOne(withLine(`adoptExisting: { module: "${module}", function: true, logGroup: true, alias: true }`))
      .adoptExisting,
  ).toEqual({
    moduleId: id,
    function: true,
    role: false,
    logGroup: true,
    alias: true,
    association: false,
  });
});

test.each([
  [
    "a module by its name",
    "adoptExisting: { module: blockedStatus }",
    '8:30  instances[0].adoptExisting.module: "blockedStatus" is not the id or ARN of a Connect flow module.\n' +
      "  Copy the ARN from the flow module's page in the Connect console, or use the UUID at the end of the ARN, in lower case.",
  ],
  [
    "a module of another instance",
    `adoptExisting: { module: "${arn("9f0e0d0c-1b1a-4918-8716-151413121110")}" }`,
    `8:30  instances[0].adoptExisting.module: "${arn("9f0e0d0c-1b1a-4918-8716-151413121110").slice(0, 99)}… (135 characters) belongs to another Connect instance.\n` +
      "  Use a resource of this instance. A flow cannot use resources of another instance.",
  ],
  [
    "a function by its name",
    "adoptExisting: { function: blockedCalls }",
    '8:32  instances[0].adoptExisting.function: "blockedCalls" is neither true nor false.\n  Write true or false, without quotes.',
  ],
  [
    "an alias of a function that is not adopted",
    "adoptExisting: { alias: true }",
    "8:29  instances[0].adoptExisting.alias: The alias belongs to the function, and the function is not adopted.\n" +
      "  Set adoptExisting.function: true too, or remove adoptExisting.alias.",
  ],
])("%s is refused", (_, line, text) => {
  expect(refusal({ "dev.yaml": withLine(line) }).message).toBe(`environments/dev.yaml:${text}`);
});

test("adoptExisting is refused for a whole environment", () => {
  expect(refusal({ "dev.yaml": `${validYaml}adoptExisting: { role: true }\n` }).message).toContain(
    "The key belongs to one instance. Put the key below instances.",
  );
});
