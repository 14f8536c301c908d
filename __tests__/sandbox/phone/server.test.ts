/** Tests the server of the page over HTTP: who may use it, what each link plays, and that no text becomes markup. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadEnvironments } from "../../../config/load";
import { projectRoot } from "../../../lambda/packaging";
import { synthesize } from "../../../sandbox/instances";
import type { PhoneState } from "../../../sandbox/phone/phone";
import { type PhoneServer, startPhoneServer } from "../../../sandbox/phone/server";

const queue = "21000000-aaaa-4918-8716-151413121110";
const environment = `
account: "111122223333"
region: us-east-1
state: { bucket: acme-terraform-state, region: us-east-1 }
# A busy test machine must not turn a lookup into a timeout.
lookup: { budgetMs: 2000, flowTimeLimitSeconds: 8 }
blockedDispositions: [Blocked, "<b>Nuisance</b>:Confirmed"]
instances:
  - name: flow
    id: 21000000-1b1a-4918-8716-151413121110
    inboundFlow:
      name: Inbound </script><script>alert(1)</script>
      queue: ${queue}
      whenBlocked: { action: message, text: Goodbye & <thank you>. }
  - name: module
    id: 22000000-1b1a-4918-8716-151413121110
    anonymousCallers: block
    exemptNumbers: ["+1555555012*"]
`;
const [flow, module_] = ["test-flow-us-east-1", "test-module-us-east-1"];

const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-phone-"));
let server: PhoneServer;
let token: string;

beforeAll(async () => {
  writeFileSync(path.join(directory, "test.yaml"), environment);
  const compiled = spawnSync(process.execPath, [path.join(projectRoot(), "scripts/bundle.js")]);
  expect(compiled.status).toBe(0);
  const { instances } = loadEnvironments(directory);
  const stacks = synthesize(directory, instances);
  server = await startPhoneServer(
    instances.flatMap((instance) => {
      const stack = stacks.get(instance.stackName);
      return stack === undefined ? [] : [{ instance, stack }];
    }),
    0,
  );
  token = /name="phone-token" content="([\w-]+)"/.exec((await send("GET", "/")).body)?.[1] ?? "";
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request with exactly these headers. `fetch` does not send a foreign `Host`. */
function send(method: string, target: string, headers: OutgoingHttpHeaders = {}, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}${target}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() });
      });
    });
    request.once("error", reject);
    request.end(body);
  });
}

const replay = (link: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> =>
  send(
    "POST",
    "/replay",
    { "content-type": "application/json", "x-phone-token": token, ...headers },
    JSON.stringify({ link }),
  );

async function stateOf(link: string): Promise<PhoneState> {
  const { status, body } = await replay(link);
  expect([status, status === 200 ? "" : body]).toEqual([200, ""]);
  return JSON.parse(body) as PhoneState;
}

/** The calls of a link: who gets through, and why. */
const callsOf = ({ outcomes }: PhoneState) =>
  outcomes.flatMap((outcome) => (outcome.kind === "call" ? [[outcome.blockedStatus, outcome.reason]] : []));

const number = encodeURIComponent("+15555550101");

describe("a link", () => {
  test("plays 1-step blocking, and unblocks by another Disposition", async () => {
    const state = await stateOf(
      `instance=${flow}&call=${number}&contact.1=Blocked&call=${number}&contact.1=Resolved&call=${number}`,
    );
    expect(callsOf(state)).toEqual([
      ["nomatch", "not_blocked"],
      ["match", "blocked"],
      ["nomatch", "not_blocked"],
    ]);
    expect(state.contacts).toMatchObject([
      { call: 1, from: "+15555550101", disposition: "Resolved", blocks: false, reachedAgent: true },
      { call: 2, disposition: "", reachedAgent: false },
      { call: 3, disposition: "", reachedAgent: true },
    ]);
    expect(state.links).toHaveLength(5);
  });

  test("plays 2-step blocking: the review does not block, the override does", async () => {
    const state = await stateOf(
      `instance=${flow}&call=${number}&contact.1=Under+review&call=${number}&contact.1=Blocked&call=${number}`,
    );
    expect(callsOf(state)).toEqual([
      ["nomatch", "not_blocked"],
      ["nomatch", "not_blocked"],
      ["match", "blocked"],
    ]);
    expect(state.outcomes.filter(({ kind }) => kind === "disposition")).toMatchObject([
      { disposition: "Under review", blocks: false, before: "" },
      { disposition: "Blocked", blocks: true, before: "Under review" },
    ]);
  });

  test("shows the blocks of the flow and of the module with their times, and what the caller hears", async () => {
    const { outcomes } = await stateOf(`instance=${flow}&call=${number}&contact.1=Blocked&call=${number}`);
    const call = outcomes.at(-1);
    if (call?.kind !== "call") throw new Error("The last step is a call.");
    expect(call.blocks.map(({ picture, name, branch }) => [picture, name, branch])).toEqual([
      ["flow", "Check the caller", ""],
      ["module", "Assume nomatch", ""],
      ["module", "Ask the Lambda", ""],
      ["module", "Is it a match?", "match"],
      ["module", "Set match", ""],
      ["module", "Return to the flow", ""],
      ["flow", "Is the caller blocked?", "match"],
      ["flow", "Tell the caller", ""],
      ["flow", "Hang up", ""],
    ]);
    const starts = call.blocks.map(({ startMs }) => startMs);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(call.lookupMs).toBeGreaterThan(0);
    expect(call.blocks.find(({ name }) => name === "Ask the Lambda")?.durationMs).toBeGreaterThan(0);
    expect(call.experience).toBe('The caller hears: "Goodbye & <thank you>." The call ends.');
    expect(call.cause).toBe("A contact with this number has a blocked Disposition.");
  });

  test("plays withheld and exempt callers with the policy of the instance", async () => {
    const exempt = encodeURIComponent("+15555550121");
    const state = await stateOf(`instance=${module_}&call=${exempt}&contact.1=Blocked&call=${exempt}&call=Anonymous`);
    expect(callsOf(state)).toEqual([
      ["nomatch", "exempt"],
      ["nomatch", "exempt"],
      ["match", "anonymous_blocked"],
    ]);
    expect(callsOf(await stateOf(`instance=${flow}&call=Anonymous`))).toEqual([["nomatch", "anonymous_allowed"]]);
  });

  test("without an inbound flow, the team's own flow continues, and no agent gets a blocked caller", async () => {
    const state = await stateOf(`instance=${module_}&call=${number}&contact.1=Blocked&call=${number}`);
    expect(state.outcomes.at(-1)).toMatchObject({
      blocked: true,
      experience: "Your own inbound flow continues with the contact attribute blockedStatus = match.",
    });
    expect(state.contacts.map(({ reachedAgent }) => reachedAgent)).toEqual([true, false]);
  });

  test.each([
    ["throttled", "throttled"],
    ["no-index", "index_missing"],
    ["access-denied", "access_denied"],
    ["slow", "timeout"],
    ["unreachable", "connection_failed"],
  ])("lets the caller through if the table is %s, and only during the fault", async (fault, reason) => {
    const state = await stateOf(
      `instance=${flow}&call=${number}&contact.1=Blocked&call.${fault}=${number}&call=${number}`,
    );
    expect(callsOf(state)).toEqual([
      ["nomatch", "not_blocked"],
      ["nomatch", reason],
      ["match", "blocked"],
    ]);
    expect(state.outcomes[2]).toMatchObject({
      failed: true,
      blocked: false,
      experience: `The caller waits in the queue ${queue}.`,
    });
  });

  test("gives the same state again, also after other links", async () => {
    const link = `instance=${flow}&call=${number}&contact.1=Blocked&call=${number}`;
    const first = await stateOf(link);
    await stateOf(`instance=${flow}&call=${number}&contact.1=Resolved&call=${number}`);
    expect(await stateOf(link)).toEqual(first);
    // A new call after the repeated ones meets the contacts of this link, not of the other link.
    expect(callsOf(await stateOf(`${link}&call=${number}`)).at(-1)).toEqual(["match", "blocked"]);
  });

  test("starts with an empty table", async () => {
    const [first, other] = [encodeURIComponent("+15555550103"), encodeURIComponent("+15555550104")];
    await stateOf(`instance=${flow}&call=${first}&call=${other}&contact.2=Blocked`);
    expect(callsOf(await stateOf(`instance=${flow}&call=${other}`))).toEqual([["nomatch", "not_blocked"]]);
  });

  test("is played apart from links that other tabs play at the same time", async () => {
    const other = encodeURIComponent("+15555550102");
    const states = await Promise.all(
      ["Blocked", "Resolved", "blocked"].map((disposition) =>
        stateOf(`instance=${flow}&call=${other}&contact.1=${disposition}&call=${other}`),
      ),
    );
    expect(states.map((state) => callsOf(state).at(-1)?.[0])).toEqual(["match", "nomatch", "nomatch"]);
  });

  test.each([
    ["another instance", "instance=prod-acme", 404, "not selected here"],
    ["an unknown part", "call.fire=1", 400, "does not know"],
    [
      "a Disposition of a blocked call",
      `instance=${module_}&call=Anonymous&contact.1=Resolved`,
      400,
      "no agent talked",
    ],
  ])("with %s is refused with the reason", async (_, link, status, error) => {
    const answer = await replay(link);
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.body) as { error: string }).error).toContain(error);
  });
});

describe("a request of another web page", () => {
  test("is refused if its Host is not this machine", async () => {
    for (const host of ["attacker.example", "127.0.0.1.attacker.example"]) {
      expect(await send("GET", "/", { host })).toMatchObject({ status: 403 });
      expect(await replay("call=1", { host })).toMatchObject({ status: 403 });
    }
  });

  test("is refused if its Origin is another one, also another port of this machine", async () => {
    for (const origin of ["https://attacker.example", "null", "http://127.0.0.1:1", "http://localhost"]) {
      expect(await replay("call=1", { origin })).toMatchObject({ status: 403 });
      expect(await send("GET", "/page.js", { origin })).toMatchObject({ status: 403 });
    }
    expect(await replay("call=1", { origin: server.url })).toMatchObject({ status: 200 });
  });

  test("is refused if the browser marks it, except a link to the page", async () => {
    const site = { "sec-fetch-site": "cross-site" };
    expect(await send("GET", "/page.js", { ...site, "sec-fetch-mode": "no-cors" })).toMatchObject({ status: 403 });
    expect(await send("GET", "/", { ...site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" })).toMatchObject(
      { status: 403 },
    );
    expect(
      await send("GET", "/", { ...site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }),
    ).toMatchObject({ status: 200 });
    expect(
      await replay("call=1", { ...site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }),
    ).toMatchObject({ status: 403 });
  });

  test("is refused without the token of the page, and with a content type that needs no permission", async () => {
    for (const wrong of [
      "",
      "x",
      `${token}x`,
      token.replace(/.$/, (c) => (c === "A" ? "B" : "A")),
      "é".repeat(token.length),
    ]) {
      expect(await replay("call=1", { "x-phone-token": encodeURI(wrong) })).toMatchObject({ status: 403 });
    }
    expect(await replay("call=1", { "content-type": "text/plain" })).toMatchObject({ status: 415 });
  });
});

describe("a request", () => {
  test("with more than 32 kB is refused, with and without a length", async () => {
    expect(await replay("x".repeat(40_000))).toMatchObject({ status: 413 });
    expect(await replay("x".repeat(40_000), { "transfer-encoding": "chunked" })).toMatchObject({ status: 413 });
  });

  test.each(["", "[]", "{}", '{"link":1}', '{"link":"","more":1}', "\0"])(
    "with the body %j is refused",
    async (body) => {
      const headers = { "content-type": "application/json", "x-phone-token": token };
      expect(await send("POST", "/replay", headers, body)).toMatchObject({ status: 400 });
    },
  );

  test("with another method or path is refused", async () => {
    expect(await send("GET", "/replay")).toMatchObject({ status: 405 });
    expect(await send("DELETE", "/")).toMatchObject({ status: 405 });
    expect(await send("GET", "/../package.json")).toMatchObject({ status: 404 });
    expect(await send("GET", "//")).toMatchObject({ status: 400 });
    expect(await send("GET", "/?instance=unknown")).toMatchObject({ status: 404 });
  });
});

describe("the page", () => {
  test("allows only its own script and style, and no frame", async () => {
    const { headers } = await send("GET", "/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'; require-trusted-types-for 'script'");
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
  });

  test("escapes every text of the environment file and of the link", async () => {
    const { body } = await send("GET", `/?instance=${flow}&call=${encodeURIComponent("<script>alert(2)</script>")}`);
    expect(body).toContain("Inbound &lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(body).toContain("&lt;b&gt;Nuisance&lt;/b&gt;:Confirmed");
    expect(body).not.toMatch(/alert\(2\)|<script>alert|<b>|<thank/);
    expect(body.match(/<script/g)).toHaveLength(1);
    expect((await send("GET", "/?instance=<script>")).body).not.toContain("<script");
  });

  test("has the pictures with all blocks, and offers every instance", async () => {
    const { body } = await send("GET", `/?instance=${flow}`);
    expect(body).toContain(`<option selected>${flow}</option><option>${module_}</option>`);
    for (const name of ["Check the caller", "Tell the caller", "Ask the Lambda", "Return to the flow"])
      expect(body).toContain(`>${name}</text>`);
    expect(body).not.toContain("${aws_connect");
    expect((await send("GET", `/?instance=${module_}`)).body).toContain("shows only the module");
  });
});

test("a second server on the same port is an error with the code EADDRINUSE", async () => {
  await expect(startPhoneServer([], Number(new URL(server.url).port))).rejects.toMatchObject({ code: "EADDRINUSE" });
});
