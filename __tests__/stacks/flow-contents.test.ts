/** Tests that free text of users reaches the synthesized stack unchanged: no text becomes a Terraform template or a CDKTF token. */
import fc from "fast-check";
import { instanceNamePattern } from "../../config/aws-names";
import { readFunctionEnvironment } from "../../lambda/settings";
import { inboundContent, moduleContent } from "../../stacks/flow-contents";
import { hostileText, hostileTexts } from "../flows/hostile-text";
import { instanceWith, MODULE_REFERENCE, synthesizedTexts } from "./synthesized-texts";

function expectLiteral(disposition: string, message: string, name?: string): void {
  const instance = instanceWith(disposition, message, name);
  const { module, inbound, variables } = synthesizedTexts(instance);

  expect(`${module}${JSON.stringify(variables)}`).not.toMatch(/[$%]\{/);
  expect(JSON.parse(module)).toEqual(moduleContent(instance));

  expect(inbound.match(/[$%]\{/g)).toHaveLength(1);
  expect(inbound).toContain(`"FlowModuleId":"${MODULE_REFERENCE}"`);
  expect(JSON.parse(inbound.replace(MODULE_REFERENCE, "blockedStatus"))).toEqual(inboundContent(instance.inboundFlow));

  expect(readFunctionEnvironment(variables)).toEqual({
    environment: instance.environment,
    instanceName: instance.name,
    tableName: instance.table.name,
    blockedDispositions: instance.blockedDispositions,
    anonymousCallers: instance.anonymousCallers,
    exemptNumbers: instance.exemptNumbers,
    otherNumbers: instance.lookup.otherNumbers,
    budgetMs: instance.lookup.budgetMs,
  });
}

test.each(hostileTexts)("a Disposition and a message are deployed unchanged: %j", (text) => {
  expectLiteral(text, text);
});

test("a message of 4 kB is deployed unchanged in several prompts", () => {
  expectLiteral("Blocked", "${x} ".repeat(820));
});

test("any Disposition and any message is deployed unchanged, for any instance name", () => {
  const name = fc
    .stringMatching(/^[\da-zA-Z](?:[\da-zA-Z-]{0,43}[\da-zA-Z])?$/)
    .filter((text) => instanceNamePattern.test(text));
  fc.assert(fc.property(hostileText, hostileText, name, expectLiteral), { numRuns: 50 });
});
