/** Progress of a scan: one line in a terminal, a line every ten seconds in a log. Also the default rate. */
import { ContactStats } from "../../../../fleet/checks/preflight/contact-stats";
import { rateFor } from "../../../../fleet/checks/preflight/preflight";
import { ProgressLine } from "../../../../fleet/checks/preflight/progress-line";

/** The output for a scan of 60 pages, one page per second. */
function written(isTTY: boolean): string {
  let now = 0;
  let text = "";
  const stream = {
    ...{ isTTY, columns: 90 },
    write: (more: string) => (text += more),
    eraseLine: () => (text += "\r\u001b[K"),
  };
  const line = new ProgressLine("dev-acme", 6000, stream, { now: () => now }, { items: 0, units: 0 });
  const stats = new ContactStats(["hash"], []);
  for (let pages = 1; pages <= 60; pages++) {
    for (let n = 0; n < 100; n++) stats.add({ hash: { S: "h" }, ...(n === 0 ? { Disposition: { N: "1" } } : {}) });
    now += 1000;
    line.show({ stats, units: pages * 10, pages });
  }
  line.clear();
  return text;
}

test("a terminal shows one line, which fits the terminal and is removed at the end", () => {
  const lines = written(true).split("\r\u001b[K");
  expect(lines).toHaveLength(62);
  for (const line of lines) expect(line.length).toBeLessThan(90);
  expect(lines.at(-1)).toBe("");
  expect(lines.join("")).not.toContain("\n");
});

test("a log gets a line every ten seconds, with items, share, rate, cost, time and violations", () => {
  const lines = written(false).trimEnd().split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[2]).toBe(
    "dev-acme: 2,100 of about 6,000 items, 35 %, 10.0 read units/s, 210 units, less than $0.01, 39 s left, 21 violate the index",
  );
});

test("the default rate of a provisioned table is a tenth of its capacity", () => {
  const provisioned = (ReadCapacityUnits: number) => ({ ProvisionedThroughput: { ReadCapacityUnits } });
  expect(rateFor(provisioned(170))).toBe(17);
  expect(rateFor(provisioned(5))).toBe(1);
  expect(rateFor({ BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" } })).toBe(25);
});
