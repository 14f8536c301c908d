/** Tests `npm run sandbox -- --web` as users use it: the command in a terminal, and the page in Chromium by clicking. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { projectRoot } from "../../lambda/packaging";
import { accessibilityViolations, describeInBrowser, startBrowser } from "../browser";

const program = path.join(projectRoot(), "build/sandbox/main.js");
const environment = { ...process.env, ENVIRONMENTS_DIR: path.join(projectRoot(), "examples") };
const sales = "prod-acme-sales-us-west-2";
const support = "prod-acme-support-us-east-1";

let sandbox: ChildProcess;
let url: string;

beforeAll(async () => {
  sandbox = spawn(process.execPath, [program, "--web", "--port", "0", "env=prod"], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (sandbox.stdout === null) throw new Error("The output is a pipe.");
  for await (const line of createInterface({ input: sandbox.stdout })) {
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? "";
    expect(line).toBe(`The phone is at ${url}/ with 4 instances of examples. Ctrl-C stops it.`);
    break;
  }
});

// The last thing that a user does. If a test fails, the program ends all the same.
afterAll(async () => {
  const exited = once(sandbox, "exit");
  sandbox.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
  await expect(fetch(url)).rejects.toThrow();
});

test("a port in use and a wrong option are explained", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [program, ...args], { env: environment, encoding: "utf8" });
  const { port } = new URL(url);
  const { status, stdout, stderr } = run("--web", "--port", port, `stack=${sales}`);
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "",
    stderr:
      `Port ${port} is in use, perhaps by another sandbox.\n` +
      `  Choose another port: npm run sandbox -- --web --port ${Number(port) + 1}\n`,
  });
  expect(run("--web", "--port", "http").stderr).toBe(
    '--port "http" is not a port. Give a whole number from 0 to 65535.\n',
  );
  expect(run("--port", "4600").stderr).toBe("--port is the port of the page. Add --web.\n");
});

describeInBrowser("the page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  /** Opens a link, without animations. The test fails on errors in the console and on requests to anything but the sandbox. */
  async function open(link: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      if (!/^(data:|http:\/\/127\.0\.0\.1:)/.test(request.url())) problems.push(request.url());
    });
    await page.goto(`${url}/${link}`);
    return page;
  }
  const problems: string[] = [];
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(problems.splice(0)).toEqual([]);
  });

  const verdict = (page: Page, text: string): Promise<void> => page.locator(".verdict", { hasText: text }).waitFor();
  const contact = (page: Page, call: number) => page.locator(`[data-call="${call}"]`);
  const choose = (page: Page, call: number, disposition: string) =>
    contact(page, call).getByRole("button", { name: disposition, exact: true }).click();
  const callAgain = (page: Page, call: number) =>
    contact(page, call).getByRole("button", { name: "Call again" }).click();
  /** Names of the highlighted blocks of a picture. */
  const passed = (page: Page, picture: string) => page.locator(`#picture-${picture} .passed .name`).allTextContents();

  async function placeCall(page: Page, from: string): Promise<void> {
    await page.getByLabel("Number of the caller").fill(from);
    await page.getByRole("button", { name: "Call", exact: true }).click();
  }

  test("1-step: the agent chooses the blocked Disposition, and the next call is blocked", async () => {
    const page = await open(`?instance=${sales}`);
    await placeCall(page, "+1 (555) 555-0101");
    await verdict(page, "The caller gets through");
    expect(await passed(page, "flow")).toEqual([
      "Check the caller",
      "Is the caller blocked?",
      "Set queue",
      "Transfer to queue",
    ]);
    await choose(page, 1, "Blocked");
    await verdict(page, "The contact has the Disposition “Blocked”.");
    await callAgain(page, 1);
    await verdict(page, "The caller is blocked");
    await page.getByText('The caller hears: "We cannot take your call. Goodbye." The call ends.').waitFor();
    expect(await passed(page, "flow")).toEqual([
      "Check the caller",
      "Is the caller blocked?",
      "Tell the caller",
      "Hang up",
    ]);
    expect(await passed(page, "module")).toContain("Set match");
    expect(await passed(page, "module")).not.toContain("Set nomatch");
    expect(await page.locator("#blocks li").count()).toBe(9);
    await contact(page, 2).getByText("No agent talked to the caller.").waitFor();
    expect(new URL(page.url()).search).toBe(
      `?instance=${sales}&call=%2B15555550101&contact.1=Blocked&call=%2B15555550101`,
    );
  });

  test("2-step: the reviewer overrides the Disposition, and unblocks the number again", async () => {
    const page = await open(`?instance=${sales}`);
    await placeCall(page, "+15555550102");
    await choose(page, 1, "Under review");
    await contact(page, 1).getByText("The reviewer overrides with").waitFor();
    await callAgain(page, 1);
    await verdict(page, "The caller gets through");
    await choose(page, 1, "Blocked");
    await callAgain(page, 1);
    await verdict(page, "The caller is blocked");
    await choose(page, 1, "Resolved");
    await callAgain(page, 1);
    await verdict(page, "The caller gets through");
    expect(await page.locator("#steps li").count()).toBe(7);
  });

  test("a Disposition with another spelling blocks no caller", async () => {
    const page = await open(`?instance=${sales}`);
    await placeCall(page, "+15555550103");
    await contact(page, 1).getByLabel("Other Disposition").fill("blocked <b>");
    await contact(page, 1).getByRole("button", { name: "Set" }).click();
    await page.getByText("This Disposition does not block.").waitFor();
    await contact(page, 1).getByText("blocked <b>").waitFor();
    await callAgain(page, 1);
    await verdict(page, "The caller gets through");
  });

  test("withheld numbers follow the instance, and another instance plays the same steps", async () => {
    const page = await open(`?instance=${sales}`);
    await page.getByRole("button", { name: "number withheld" }).click();
    await page.keyboard.press("Enter");
    await verdict(page, "The caller gets through");
    await page.getByLabel("Instance").selectOption(support);
    await verdict(page, "The caller is blocked");
    await page.getByText("The caller withheld the number").waitFor();
  });

  test("a fault of the table lets a blocked caller through, with the reason", async () => {
    const page = await open(`?instance=${sales}&call=%2B15555550101&contact.1=Blocked`);
    await verdict(page, "The contact has the Disposition “Blocked”.");
    await page.getByLabel("ConnectPath’s table").selectOption({ label: "throttles every request" });
    await callAgain(page, 1);
    await verdict(page, "The caller gets through: the lookup failed");
    await page.getByText("DynamoDB throttled the request").waitFor();
    expect(new URL(page.url()).searchParams.get("call.throttled")).toBe("+15555550101");
  });

  test("every step is a link to its state, and Back returns to the state before", async () => {
    const page = await open(`?instance=${sales}&call=%2B15555550101&contact.1=Blocked&call=%2B15555550101`);
    await verdict(page, "The caller is blocked");
    await page.getByRole("link", { name: "Call 1 from" }).click();
    await verdict(page, "The caller gets through");
    expect(await page.locator("#steps li").count()).toBe(1);
    await choose(page, 1, "Under review");
    await verdict(page, "The contact has the Disposition “Under review”.");
    await page.goBack();
    await verdict(page, "The caller gets through");
    await page.getByRole("link", { name: "Start over" }).click();
    await page.getByText("No finished contacts yet.").waitFor();
  });

  test("the call moves through the pictures block by block", async () => {
    const page = await open(`?instance=${sales}`, { reducedMotion: "no-preference" });
    // Records each block that is highlighted.
    await page.evaluate(`{
      const seen = (window.seen = []);
      new MutationObserver(() => {
        const name = document.querySelector(".current .name")?.textContent;
        if (name !== undefined && seen.at(-1) !== name) seen.push(name);
      }).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
    }`);
    await placeCall(page, "+15555550101");
    await verdict(page, "The caller gets through");
    expect(await page.evaluate("seen")).toEqual(await page.locator("#blocks .name").allTextContents());
  });

  test("the keyboard focus stays at the contact", async () => {
    const page = await open(`?instance=${sales}&call=%2B15555550101`);
    await contact(page, 1).getByRole("button", { name: "Blocked", exact: true }).focus();
    await page.keyboard.press("Enter");
    await verdict(page, "The contact has the Disposition “Blocked”.");
    await page.keyboard.press("Enter");
    await verdict(page, "The caller is blocked");
  });

  test("a link that cannot be played is explained", async () => {
    const page = await open(`?instance=${sales}&call=Anonymous&contact.2=Blocked`);
    await page.getByRole("alert").getByText("chooses a Disposition for call 2 before the call").waitFor();
    // Chromium reports each failed request.
    expect(problems.splice(0)).toEqual([expect.stringContaining("400 (Bad Request)")]);
  });

  test.each([
    ["light", 420],
    ["dark", 1280],
  ] as const)(
    "the page is accessible in %s mode at %i pixels, and does not scroll sideways",
    async (colorScheme, width) => {
      const calls =
        "call=%2B15555550101&contact.1=Blocked&call=%2B15555550101&contact.1=Under+review&call.no-index=%2B15555550101";
      const page = await open(`?instance=${sales}&${calls}`, { colorScheme, viewport: { width, height: 900 } });
      await verdict(page, "The caller gets through: the lookup failed");
      expect(await accessibilityViolations(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    },
  );
});
