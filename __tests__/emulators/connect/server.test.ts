/** Tests the Connect emulator with requests of Terraform's provider: paths, shapes, quotas and errors of the service. */
import fc from "fast-check";
import { blockedStatusModule } from "../../../flows/blocked-status";
import { validateContent } from "../../../flows/language/validate";
import { RequestQuota } from "../../../emulators/connect/request-quota";
import { matchRoute } from "../../../emulators/connect/routes";
import { ConnectEmulator } from "../../../emulators/connect/server";

const id = "00000000-0000-4000-8000-000000000001";
const otherInstanceId = "00000000-0000-4000-8000-000000000002";
const instanceArn = `arn:aws:connect:us-east-1:111122223333:instance/${id}`;
const functionArn = "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls:live";

const moduleContent = JSON.stringify(
  blockedStatusModule({
    functionArn,
    flowTimeLimitSeconds: 3,
    blockedDisposition: "Blocked",
    instanceName: "acme",
  }),
);
const flowContent = JSON.stringify({
  Version: "2019-10-30",
  StartAction: "end",
  Actions: [{ Identifier: "end", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} }],
});

let connect: ConnectEmulator;
beforeEach(() => {
  connect = new ConnectEmulator(
    [
      { account: "111122223333", region: "us-east-1", id, alias: "acme" },
      { account: "111122223333", region: "eu-west-2", id: otherInstanceId, alias: "acme-eu" },
    ],
    (content, kind) => validateContent(JSON.parse(content), kind).map(({ message }) => message),
  );
});

/** Sends one request and returns status, error type and the parsed body. */
function send(method: string, url: string, body?: object, region = "us-east-1") {
  const payload = Buffer.from(body === undefined ? "" : JSON.stringify(body));
  const answer = connect.handle({ method, url, body: payload, region });
  return {
    status: answer.status,
    error: answer.headers["x-amzn-errortype"],
    body: JSON.parse(answer.body) as Record<string, unknown>,
  };
}
const createModule = (name = "blockedStatus", content = moduleContent, instance = id) =>
  send("PUT", `/contact-flow-modules/${instance}`, { Name: name, Content: content });
const associate = (arn: string) => send("PUT", `/instance/${id}/lambda-function`, { FunctionArn: arn });

describe("flow modules", () => {
  test("a module with valid content is created and returned unchanged", () => {
    const created = send("PUT", `/contact-flow-modules/${id}`, {
      Name: "blockedStatus",
      Content: moduleContent,
      Description: "Blocks callers",
      Tags: { team: "voice" },
    });
    expect(created.status).toBe(200);
    const moduleId = String(created.body["Id"]);
    expect(created.body["Arn"]).toBe(`${instanceArn}/flow-module/${moduleId}`);

    expect(send("GET", `/contact-flow-modules/${id}/${moduleId}`).body["ContactFlowModule"]).toMatchObject({
      Id: moduleId,
      Name: "blockedStatus",
      Content: moduleContent,
      Description: "Blocks callers",
      State: "ACTIVE",
      Status: "PUBLISHED",
      Tags: { team: "voice" },
    });
    expect(connect.modules(id).get("blockedStatus")?.content).toBe(moduleContent);
  });

  test("content with a missing target is refused with the message of the validator in Problems", () => {
    const broken = moduleContent.replaceAll('"NextAction":"', '"NextAction":"gone-');
    const refused = createModule("blockedStatus", broken);
    expect(refused).toMatchObject({ status: 400, error: "InvalidContactFlowModuleException" });
    expect(refused.body["Problems"]).toContainEqual({
      message: "Invalid Action property value. Path: Actions[0].Transitions.NextAction",
    });
    expect(connect.modules(id).size).toBe(0);
  });

  test("content without Settings is refused with the message of the service", () => {
    const withoutSettings = JSON.stringify({ ...(JSON.parse(moduleContent) as object), Settings: undefined });
    expect(createModule("blockedStatus", withoutSettings)).toMatchObject({
      status: 400,
      error: "InvalidRequestException",
      body: { Message: "JSON field is missing or null for field name: settings" },
    });
  });

  test("a name can be used only once per instance, also when a module is renamed", () => {
    createModule("first");
    const second = String(createModule("second").body["Id"]);
    expect(createModule("first")).toMatchObject({ status: 409, error: "DuplicateResourceException" });
    expect(send("POST", `/contact-flow-modules/${id}/${second}/metadata`, { Name: "first" })).toMatchObject({
      status: 409,
      error: "DuplicateResourceException",
    });
  });

  test("an update of content is validated, and a refused update changes nothing", () => {
    const path = `/contact-flow-modules/${id}/${String(createModule().body["Id"])}`;
    expect(send("POST", `${path}/content`, { Content: flowContent })).toMatchObject({ status: 400 });
    expect(connect.modules(id).get("blockedStatus")?.content).toBe(moduleContent);

    const changed = moduleContent.replace('"Blocked"', '"Spam"');
    expect(send("POST", `${path}/content`, { Content: changed }).status).toBe(200);
    expect(connect.modules(id).get("blockedStatus")?.content).toBe(changed);
  });

  test("an update changes only the given metadata, and a description can become empty", () => {
    const path = `/contact-flow-modules/${id}/${String(createModule().body["Id"])}`;
    send("POST", `${path}/metadata`, { Description: "words" });
    send("POST", `${path}/metadata`, { State: "ARCHIVED" });
    expect(connect.modules(id).get("blockedStatus")).toMatchObject({ description: "words", state: "ARCHIVED" });
    send("POST", `${path}/metadata`, { Description: "" });
    expect(connect.modules(id).get("blockedStatus")?.description).toBe("");
  });

  test("a deleted module is not found", () => {
    const path = `/contact-flow-modules/${id}/${String(createModule().body["Id"])}`;
    expect(send("DELETE", path).status).toBe(200);
    expect(send("GET", path)).toMatchObject({ status: 404, error: "ResourceNotFoundException" });
  });

  test("an instance can have 200 modules", () => {
    for (let n = 1; n <= 200; n++) expect(createModule(`module ${n}`).status).toBe(200);
    expect(createModule("module 201")).toMatchObject({ status: 429, error: "LimitExceededException" });
  });

  test("tags are added, replaced and removed by ARN, and tags with the prefix aws: are refused", () => {
    const path = `/tags/${encodeURIComponent(String(createModule().body["Arn"]))}`;
    send("POST", path, { tags: { a: "1", b: "2", c: "3" } });
    send("POST", path, { tags: { a: "9" } });
    send("DELETE", `${path}?tagKeys=b&tagKeys=c`);
    expect(send("GET", path).body).toEqual({ tags: { a: "9" } });
    expect(send("POST", path, { tags: { "aws:x": "1" } })).toMatchObject({ status: 400 });
  });
});

describe("instances", () => {
  test("a module that is created with an instance ARN cannot be read with the id in the Terraform state", () => {
    expect(createModule("blockedStatus", moduleContent, encodeURIComponent(instanceArn)).status).toBe(200);
    // The provider splits its resource id, `<instance>:<module>`, at the first colon.
    expect(send("GET", `/contact-flow-modules/arn/${encodeURIComponent(instanceArn.slice(4))}`)).toMatchObject({
      status: 400,
      error: "InvalidRequestException",
      body: { Message: "Invalid request" },
    });
  });

  test("an instance is found only in its region, and an unknown instance is not found", () => {
    expect(send("GET", `/instance/${otherInstanceId}`)).toMatchObject({
      status: 404,
      error: "ResourceNotFoundException",
    });
    expect(send("GET", `/instance/${otherInstanceId}`, undefined, "eu-west-2").body["Instance"]).toMatchObject({
      Id: otherInstanceId,
      InstanceAlias: "acme-eu",
      InstanceStatus: "ACTIVE",
    });
    expect(send("GET", `/instance/${id.replace("1", "9")}`)).toMatchObject({ status: 404 });
  });

  test("instances are listed per region, and their attributes are returned", () => {
    expect(send("GET", "/instance").body["InstanceSummaryList"]).toMatchObject([{ Id: id, InstanceAlias: "acme" }]);
    expect(send("GET", `/instance/${id}/attribute/CONTACTFLOW_LOGS`).body).toEqual({
      Attribute: { AttributeType: "CONTACTFLOW_LOGS", Value: "false" },
    });
    expect(send("GET", `/instance/${id}/attribute/NONSENSE`)).toMatchObject({ status: 400 });
  });
});

describe("Lambda associations", () => {
  test("a flow may invoke exactly the ARN that is associated", () => {
    associate(functionArn);
    expect(connect.lambdaAllowed(id, functionArn)).toBe(true);
    expect(connect.lambdaAllowed(id, functionArn.replace(":live", ""))).toBe(false);
    expect(connect.lambdaAllowed(otherInstanceId, functionArn)).toBe(false);

    expect(
      send("DELETE", `/instance/${id}/lambda-function?functionArn=${encodeURIComponent(functionArn)}`).status,
    ).toBe(200);
    expect(connect.lambdaAllowed(id, functionArn)).toBe(false);
  });

  test("an ARN of 140 characters is accepted, and an ARN of 142 characters is refused", () => {
    const longest = functionArn.replace("blockedCalls", "b".repeat(140 - functionArn.length + "blockedCalls".length));
    expect(longest).toHaveLength(140);
    expect(associate(longest).status).toBe(200);
    expect(associate(longest.replace(":live", ":lively"))).toMatchObject({
      status: 400,
      error: "InvalidParameterException",
    });
  });

  test("a second association of a function is a conflict, and an instance can have 50 functions", () => {
    associate(functionArn);
    expect(associate(functionArn)).toMatchObject({ status: 409, error: "ResourceConflictException" });
    for (let n = 2; n <= 50; n++) expect(associate(`${functionArn}${n}`).status).toBe(200);
    expect(associate(`${functionArn}51`)).toMatchObject({ status: 402, error: "ServiceQuotaExceededException" });
  });

  test("pages of any size contain every function once and in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.option(fc.integer({ min: 1, max: 25 })), (count, size) => {
        const emulator = new ConnectEmulator(
          [{ account: "111122223333", region: "us-east-1", id, alias: "acme" }],
          () => [],
        );
        const get = (method: string, url: string, body = ""): Record<string, unknown> =>
          JSON.parse(emulator.handle({ method, url, body: Buffer.from(body), region: "us-east-1" }).body) as Record<
            string,
            unknown
          >;
        for (let n = 0; n < count; n++)
          get("PUT", `/instance/${id}/lambda-function`, JSON.stringify({ FunctionArn: `${functionArn}${n}` }));
        const listed: unknown[] = [];
        let token: unknown;
        do {
          const query = new URLSearchParams({
            ...(size === null ? {} : { maxResults: String(size) }),
            ...(typeof token === "string" ? { nextToken: token } : {}),
          });
          const page = get("GET", `/instance/${id}/lambda-functions?${query.toString()}`);
          const functions = page["LambdaFunctions"] as unknown[];
          expect(functions.length).toBeLessThanOrEqual(size ?? 25);
          listed.push(...functions);
          token = page["NextToken"];
        } while (token !== undefined);
        expect(listed).toEqual(emulator.associations(id));
        expect(listed).toHaveLength(count);
      }),
      { numRuns: 50 },
    );
  });
});

describe("flows", () => {
  test("a published flow is validated, and a saved flow is not", () => {
    const create = (more: object) => send("PUT", `/contact-flows/${id}`, { Type: "CONTACT_FLOW", ...more });
    const broken = flowContent.replace('"StartAction":"end"', '"StartAction":"nowhere"');
    const refused = create({ Name: "inbound", Content: broken });
    expect(refused).toMatchObject({ status: 400, error: "InvalidContactFlowException" });
    expect(refused.body["problems"]).toHaveLength(1);
    expect(create({ Name: "draft", Content: broken, Status: "SAVED" }).status).toBe(200);
    expect(create({ Name: "inbound", Content: flowContent }).status).toBe(200);
    expect(connect.flows(id).get("draft")?.status).toBe("SAVED");
  });

  test("a flow keeps its content when it is renamed, and a used name is refused", () => {
    const create = (Name: string) =>
      String(
        send("PUT", `/contact-flows/${id}`, { Name, Type: "CONTACT_FLOW", Content: flowContent }).body["ContactFlowId"],
      );
    const path = `/contact-flows/${id}/${create("Inbound")}`;
    create("Front door");
    expect(send("POST", `${path}/name`, { Name: "Front door" })).toMatchObject({ status: 409 });
    expect(send("POST", `${path}/name`, { Name: "Back door", Description: "words" }).status).toBe(200);
    expect(connect.flows(id).get("Back door")).toMatchObject({ description: "words", content: flowContent });
  });

  test("a flow and a module can have the same name and have different ids", () => {
    const created = send("PUT", `/contact-flows/${id}`, {
      Name: "blockedStatus",
      Type: "CONTACT_FLOW",
      Content: flowContent,
    });
    const flowId = String(created.body["ContactFlowId"]);
    expect(createModule().status).toBe(200);
    expect(send("GET", `/contact-flows/${id}/${flowId}`).body["ContactFlow"]).toMatchObject({
      Type: "CONTACT_FLOW",
      Content: flowContent,
    });
    expect(send("GET", `/contact-flow-modules/${id}/${flowId}`).status).toBe(404);
    expect(send("GET", `/contact-flows-summary/${id}?contactFlowTypes=CUSTOMER_HOLD`).body).toEqual({
      ContactFlowSummaryList: [],
    });
    expect(send("GET", `/contact-flows-summary/${id}?contactFlowTypes=CONTACT_FLOW`).body).toMatchObject({
      ContactFlowSummaryList: [{ Id: flowId, ContactFlowStatus: "PUBLISHED" }],
    });
  });
});

test("every request gets a JSON response with a status of the service", () => {
  const method = fc.constantFrom("GET", "PUT", "POST", "DELETE", "PATCH");
  const segment = fc.oneof(
    fc.constantFrom(
      "instance",
      "contact-flow-modules",
      "contact-flows",
      "tags",
      id,
      "lambda-function",
      "content",
      "%E0",
    ),
    fc.string().map(encodeURIComponent),
  );
  const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ Name: fc.anything(), Content: fc.oneof(fc.json(), fc.string()), Tags: fc.anything() })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(method, path, body, (given, url, payload) => {
      const answer = connect.handle({ method: given, url, body: Buffer.from(payload), region: "us-east-1" });
      expect([200, 400, 402, 404, 409, 429]).toContain(answer.status);
      expect(JSON.parse(answer.body)).toBeInstanceOf(Object);
    }),
    { numRuns: 500 },
  );
});

test("a path parameter is decoded once", () => {
  expect(matchRoute("GET", "/tags/arn%3Aaws%3Aconnect%2F%2525")).toEqual({
    operation: "ListTagsForResource",
    path: { ResourceArn: "arn:aws:connect/%25" },
  });
});

describe("phone numbers, versions and throttling", () => {
  const flowOf = () =>
    String(
      send("PUT", `/contact-flows/${id}`, { Name: "main", Type: "CONTACT_FLOW", Content: flowContent }).body[
        "ContactFlowId"
      ],
    );

  test("numbers are listed by instance or by group, page by page", () => {
    const group = connect.addTrafficDistributionGroup(id, "both regions");
    for (const number of ["+15555550101", "+15555550102"]) connect.claimNumber(id, { number });
    connect.claimNumber(id, { number: "+15555550103", group });
    const list = (body: object) => send("POST", "/phone-number/list", body).body;
    const numbersOf = (body: Record<string, unknown>) =>
      (body["ListPhoneNumbersSummaryList"] as { PhoneNumber: string }[]).map(({ PhoneNumber }) => PhoneNumber);
    const first = list({ InstanceId: id, MaxResults: 1 });
    expect(numbersOf(first)).toEqual(["+15555550101"]);
    const second = list({ InstanceId: id, MaxResults: 1, NextToken: first["NextToken"] });
    expect(numbersOf(second)).toEqual(["+15555550102"]);
    expect(second["NextToken"]).toBeUndefined();
    expect(numbersOf(list({ TargetArn: group.arn }))).toEqual(["+15555550103"]);
    expect(send("POST", "/phone-number/list", { InstanceId: id, TargetArn: group.arn }).status).toBe(400);
    const groups = send("GET", `/traffic-distribution-groups?instanceId=${id}`).body;
    expect(groups["TrafficDistributionGroupSummaryList"]).toMatchObject([{ Arn: group.arn, InstanceArn: instanceArn }]);
    expect(send("GET", `/traffic-distribution-groups?instanceId=${otherInstanceId}`).body).toEqual({
      TrafficDistributionGroupSummaryList: [],
    });
  });

  test("flow associations have the ARNs of numbers and flows", () => {
    const flowId = flowOf();
    const { arn } = connect.claimNumber(id, { number: "+15555550101", flowId });
    connect.claimNumber(id, { number: "+15555550102" });
    const associations = send("GET", `/flow-associations-summary/${id}?ResourceType=VOICE_PHONE_NUMBER`).body;
    expect(associations["FlowAssociationSummaryList"]).toEqual([
      { ResourceId: arn, FlowId: `${instanceArn}/contact-flow/${flowId}`, ResourceType: "VOICE_PHONE_NUMBER" },
    ]);
    expect(send("GET", `/flow-associations-summary/${id}?ResourceType=INBOUND_EMAIL`).body).toEqual({
      FlowAssociationSummaryList: [],
    });
  });

  test("a version keeps its content, and an alias names a version", () => {
    const moduleId = String(createModule().body["Id"]);
    const at = `/contact-flow-modules/${id}/${moduleId}`;
    expect(send("PUT", `${at}/version`, {}).body).toMatchObject({ Version: 1 });
    const changed = moduleContent.replace('"Blocked"', '"Spam"');
    send("POST", `${at}/content`, { Content: changed });
    const contentAt = (version: string) =>
      (send("GET", `${at}${version}`).body["ContactFlowModule"] as { Content: string } | undefined)?.Content;
    expect([contentAt("%3A1"), contentAt("%3A%24LATEST"), contentAt("")]).toEqual([moduleContent, changed, changed]);
    expect(send("GET", `${at}%3A2`).status).toBe(404);
    expect(send("PUT", `${at}/alias`, { AliasName: "live", ContactFlowModuleVersion: 2 }).status).toBe(404);
    const alias = send("PUT", `${at}/alias`, { AliasName: "live", ContactFlowModuleVersion: 1 }).body;
    expect(send("GET", `${at}/alias/${String(alias["Id"])}`).body["ContactFlowModuleAlias"]).toMatchObject({
      Version: 1,
    });
    expect(send("GET", `${at}/alias/other`).status).toBe(404);
  });

  test("a flow that was never published has no content to describe", () => {
    const draft = { Name: "draft", Type: "CONTACT_FLOW", Content: flowContent, Status: "SAVED" };
    const flowId = String(send("PUT", `/contact-flows/${id}`, draft).body["ContactFlowId"]);
    expect(send("GET", `/contact-flows/${id}/${flowId}`)).toMatchObject({
      status: 404,
      error: "ContactFlowNotPublishedException",
    });
    expect(send("GET", `/contact-flows/${id}/${flowId}%3A%24SAVED`).status).toBe(200);
  });

  test("requests above the burst are throttled, for each operation, until time has passed", () => {
    let now = 0;
    const quota = new RequestQuota({ perSecond: 2, burst: 5 }, () => now);
    const take = (count: number) => Array.from({ length: count }, () => quota.take("DescribeContactFlow"));
    expect(take(6)).toEqual([true, true, true, true, true, false]);
    expect(quota.take("ListContactFlows")).toBe(true);
    now += 500;
    expect(take(2)).toEqual([true, false]);
    const instances = [{ account: "111122223333", region: "us-east-1", id, alias: "acme" }];
    connect = new ConnectEmulator(instances, () => [], { perSecond: 1, burst: 1 });
    expect([send("GET", "/instance").status, send("GET", "/instance")]).toMatchObject([
      200,
      { status: 429, error: "ThrottlingException" },
    ]);
  });
});
