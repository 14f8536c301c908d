/** Starts Chromium for tests of pages, and checks a page for accessibility. Without Chromium, these tests are skipped, with a notice. */
import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { findTool } from "../emulators/aws/find-tool";

/** Names of the program on Debian, Ubuntu, and a machine with Google Chrome. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** `CHROMIUM`, or the first of these programs on the PATH; undefined if there is none. */
const program: string | undefined = process.env["CHROMIUM"] ?? names.map(findTool).find((found) => found !== undefined);

const missing =
  "Chromium is missing. Install it, for example with: apt-get install chromium (or set CHROMIUM to the path of Chromium or Chrome).";

if (program === undefined) {
  if (process.env["E2E"] === "required") throw new Error(`browser tests FAILED: ${missing}`);
  process.stderr.write(`browser tests SKIPPED: ${missing} With E2E=required, a missing program is a failure.\n`);
}

/** `describe` for tests that use {@link startBrowser}. Skips the tests if there is no Chromium. */
export const describeInBrowser: jest.Describe = program === undefined ? describe.skip : describe;

/**
 * Starts Chromium without a window and with an empty profile. Call `close()` at the end.
 *
 * @throws Error if there is no Chromium, or it does not start
 */
export async function startBrowser(): Promise<Browser> {
  if (program === undefined) throw new Error(missing);
  return chromium.launch({
    executablePath: program,
    // Chromium refuses its sandbox for root, and CI runs as root. The tests open only pages of this project.
    chromiumSandbox: false,
    // Chromium sends no requests of its own.
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Checks the page with axe-core: WCAG 2.2 A and AA, and best practices. The check does not need the page to allow scripts.
 *
 * @returns one line for each violation: rule, impact, and the elements; empty if there is none
 */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  // The developer tools evaluate scripts regardless of the content security policy of the page.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>("axe.run(document)");
  return violations.map(
    ({ id, impact, help, nodes }) =>
      `${id} (${impact ?? "unknown"}): ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}
