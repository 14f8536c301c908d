// The files that are written about a flow: exactly the deployed content, and its pictures.
import { blockedStatusModule } from "../../flows/blocked-status";
import { toMermaid } from "../../flows/diagram/mermaid";
import { toSvg } from "../../flows/diagram/svg";
import { flowFiles } from "../../flows/flow-files";

test("a flow's files are its content as JSON, its SVG and its Mermaid text", () => {
  const content = blockedStatusModule({
    functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
    blockedDisposition: "Blocked",
    instanceName: "acme",
    flowTimeLimitSeconds: 3,
  });
  const files = flowFiles(content, "blockedStatus", "blockedStatus of acme");
  expect(Object.keys(files)).toEqual(["blockedStatus.json", "blockedStatus.svg", "blockedStatus.mmd"]);
  expect(JSON.parse(files["blockedStatus.json"] ?? "")).toEqual(content);
  expect(files["blockedStatus.svg"]).toBe(toSvg(content, "blockedStatus of acme"));
  expect(files["blockedStatus.mmd"]).toBe(toMermaid(content));
});
