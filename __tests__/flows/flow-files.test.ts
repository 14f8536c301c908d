// Files for one flow: the deployed content and its diagrams.
import { blockedStatusModule } from "../../flows/blocked-status";
import { toMermaid } from "../../flows/diagram/mermaid";
import { toSvg } from "../../flows/diagram/svg";
import { flowFiles } from "../../flows/flow-files";

test("the files of a flow are its JSON content, an SVG and Mermaid text", () => {
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
