/** The page of the report in Chromium: verdict, filter, accessibility, widths, print, and no request that leaves the page. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { chart, chartText } from "../../../../fleet/checks/report/chart";
import { reportHtml, stateOf, verdict } from "../../../../fleet/checks/report/page";
import { accessibilityViolations, describeInBrowser, startBrowser } from "../../../browser";
import { hostileName, now, reportedFleet } from "./reported-fleet";

// A browser on a busy machine is slow.
jest.setTimeout(180_000);

const html = reportHtml(reportedFleet(), now);

test.each([
  [["ok", "ok", "skipped"], "All 2 instances are in order."],
  [["ok"], "The instance is in order."],
  [["failed", "ok", "ok"], "1 of 3 instances needs attention."],
  [["failed", "failed", "unknown", "ok"], "2 of 4 instances need attention. 1 instance could not be read completely."],
  [["unknown"], "0 of 1 instance need attention. 1 instance could not be read completely."],
  [["skipped"], "No instance is active."],
] as const)("the verdict of %j counts the instances", (states, sentence) => {
  expect(verdict(states)).toBe(sentence);
});

test("the page contains no phone number, and text from AWS is no markup", () => {
  expect(html).not.toMatch(/\d{7,}55501/);
  expect(html).not.toContain("5555550199");
  expect(html).not.toContain("<img src=x");
  const pictures = [...html.matchAll(/base64,([^"]+)"/g)].map(([, data = ""]) =>
    Buffer.from(data, "base64").toString(),
  );
  expect(pictures.length).toBeGreaterThan(10);
  for (const svg of pictures) expect(svg).not.toContain("5555550199");
  expect(hostileName).toContain("5555550199");
});

test("a day without data is no bar of height zero", () => {
  const days = [
    { day: "2026-11-25", counts: undefined },
    { day: "2026-11-26", counts: { calls: 9, blocked: 3, lookups: 9, lookupErrors: 0, functionErrors: 0 } },
  ];
  expect(chartText(days)).toBe(
    "Blocked calls per day from 25 November to 26 November (UTC): 3 in total, at most 3, on 26 November, no data for 1 day",
  );
  const { markup } = chart(days, "id");
  expect([markup.match(/class="bar"/g)?.length, markup.match(/class="no-data"/g)?.length]).toEqual([1, 1]);
});

describeInBrowser("in Chromium", () => {
  let browser: Browser;
  const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-report-"));
  const url = pathToFileURL(path.join(directory, "report.html")).href;

  const oneOfEachUrl = pathToFileURL(path.join(directory, "one-of-each.html")).href;

  beforeAll(async () => {
    writeFileSync(path.join(directory, "report.html"), html);
    // One instance of each state: the checker needs seconds for each instance.
    const states = [...new Map(reportedFleet().map((one) => [stateOf(one), one])).values()];
    writeFileSync(path.join(directory, "one-of-each.html"), reportHtml(states, now));
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(directory, { recursive: true });
  });

  /** Opens the page, and fails if the page requests anything else or the browser reports an error. */
  async function withPage(
    options: BrowserContextOptions,
    use: (page: Page) => Promise<void>,
    opened = url,
  ): Promise<void> {
    const context = await browser.newContext(options);
    const seen: string[] = [];
    try {
      const page = await context.newPage();
      page.on("request", (request) => {
        if (!request.url().startsWith("data:")) seen.push(request.url());
      });
      page.on("console", (message) => seen.push(message.text()));
      page.on("pageerror", (error) => seen.push(error.message));
      await page.goto(opened);
      await use(page);
      expect(seen).toEqual([opened]);
    } finally {
      await context.close();
    }
  }

  /** Phone, desktop and large screen. */
  test.each([420, 1280, 1600])("at %i px the page is not wider than the window", async (width) => {
    await withPage({ viewport: { width, height: 900 } }, async (page) => {
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    });
  });

  // The style has two layouts and two colour schemes. The checker needs seconds, so two of the four combinations are checked.
  test.each([
    [420, "light"],
    [1280, "dark"],
  ] as const)("at %i px in %s mode the page is accessible, with all details open", async (width, colorScheme) => {
    await withPage(
      { viewport: { width, height: 900 }, colorScheme },
      async (page) => {
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
        expect(await accessibilityViolations(page)).toEqual([]);
      },
      oneOfEachUrl,
    );
  });

  test("the verdict is the first heading, and instances that need attention are first", async () => {
    await withPage({}, async (page) => {
      expect(await page.locator("h1").first().textContent()).toBe(
        "3 of 20 instances need attention. 1 instance could not be read completely.",
      );
      const states = await page.evaluate(
        "[...document.querySelectorAll('#fleet tbody tr')].map((row) => row.dataset.state)",
      );
      expect(states).toEqual(["failed", "failed", "failed", "unknown", ...Array<string>(16).fill("ok"), "skipped"]);
    });
  });

  test("with the keyboard alone a reader filters the table and reaches an instance", async () => {
    await withPage({}, async (page) => {
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Go to the table");
      await page.keyboard.press("Tab");
      await page.keyboard.type("shop-1 staging");
      const names = () => page.locator("#fleet tbody tr:visible th").allTextContents();
      expect(await names()).toEqual([
        "staging-shop-11-eu-central-1",
        "staging-shop-13-eu-central-1",
        "staging-shop-15-eu-central-1",
        "staging-shop-17-eu-central-1",
        "staging-shop-19-eu-central-1",
      ]);
      expect(await page.locator("output").textContent()).toBe("5 of 21 instances");
      expect(await page.locator("section.instance:visible").count()).toBe(5);
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowDown");
      expect(await page.locator("output").textContent()).toBe("0 of 21 instances");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      // The Content-Security-Policy of the page blocks page.waitForFunction.
      await page.locator("output", { hasText: /^21/ }).waitFor({ state: "attached" });
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect(page.url()).toMatch(/#instance-prod-shop-\d-eu-central-1$/);
    });
  });

  test("the printed page has no filter, and shows the pictures of the flows", async () => {
    await withPage({}, async (page) => {
      await page.emulateMedia({ media: "print" });
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      expect(await page.locator("#filter").isVisible()).toBe(false);
      expect(await page.locator(".pictures img").first().isVisible()).toBe(true);
      await page.evaluate("dispatchEvent(new Event('afterprint'))");
      expect(await page.locator(".pictures img").first().isVisible()).toBe(false);
      expect((await page.pdf()).byteLength).toBeGreaterThan(20_000);
    });
  });

  test("without scripts the page shows everything, and no filter", async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      expect(await page.locator("#filter").isVisible()).toBe(false);
      expect(await page.locator("#fleet tbody tr").count()).toBe(21);
    });
  });

  test("the policy of the page stops a script that someone adds to it", async () => {
    const file = path.join(directory, "changed.html");
    writeFileSync(file, html.replace("</main>", "<script>document.title = 'changed'</script></main>"));
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.title()).toMatch(/^3 of 20 instances need attention/);
    await page.close();
  });
});
