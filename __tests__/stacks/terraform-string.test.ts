// Flow content as a Terraform string: user text never becomes a template.
import fc from "fast-check";
import { blockedStatusModule } from "../../flows/blocked-status";
import { inboundFlow } from "../../flows/inbound";
import type { FlowContent } from "../../flows/language/types";
import { toTerraformString } from "../../stacks/terraform-string";
import { hostileText } from "../flows/hostile-text";

function moduleFor(blockedDisposition: string): FlowContent {
  const functionArn = "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live";
  return blockedStatusModule({ functionArn, blockedDisposition, instanceName: "acme", flowTimeLimitSeconds: 3 });
}
function messageFlow(Text: string): FlowContent {
  const whenBlocked = { action: "message" as const, message: { Text } };
  return inboundFlow({ moduleId: "blockedStatus", queueId: "queue-1", whenBlocked });
}

test("the string contains no template and parses to the same content", () => {
  fc.assert(
    fc.property(hostileText, (t) => {
      const content = moduleFor(t);
      const string = toTerraformString(content);
      expect(string).not.toMatch(/[$%]\{/);
      expect(JSON.parse(string)).toEqual(content);
    }),
  );
});

test("the module reference is the only template for any message text", () => {
  const reference = "${aws_connect_contact_flow_module.blocked_status.contact_flow_module_id}";
  fc.assert(
    fc.property(fc.oneof(fc.constant("blockedStatus"), hostileText), (t) => {
      const string = toTerraformString(messageFlow(t), { blockedStatus: reference });
      expect(string.match(/[$%]\{/g)).toHaveLength(1);
      expect(string).toContain(`"FlowModuleId":"${reference}"`);
      expect(JSON.parse(string.replace(reference, "blockedStatus"))).toEqual(messageFlow(t));
    }),
  );
});
