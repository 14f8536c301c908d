/** Progress is plain lines in a log, and one redrawn line in a terminal. */
import { Progress } from "../../../fleet/output/progress";

class Screen {
  text = "";
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
  ) {}
  write(text: string): void {
    this.text += text;
  }
  eraseLine(): void {
    this.text += "\r\u001b[2K";
  }
}

const ci = process.env["CI"];
beforeEach(() => {
  delete process.env["CI"];
});
afterAll(() => {
  if (ci !== undefined) process.env["CI"] = ci;
});

test("without a terminal, each step is a line without control characters", () => {
  const screen = new Screen(false);
  const progress = new Progress(screen, 2);
  progress.step("a", "planning");
  progress.done("a", "1 to add");
  progress.end();
  expect(screen.text).toBe("a: planning\n[1/2] a: 1 to add\n");
});

test("in CI, each step is a line, even if the output is a terminal", () => {
  process.env["CI"] = "true";
  const screen = new Screen(true);
  const progress = new Progress(screen, 1);
  progress.step("a", "planning");
  progress.end();
  expect(screen.text).toBe("a: planning\n");
});

test("in a terminal, running stacks share one line with their seconds, below the finished stacks", () => {
  const screen = new Screen(true);
  let now = 0;
  const progress = new Progress(screen, 3, () => now);
  progress.step("a", "planning");
  now = 4000;
  progress.step("b", "initializing");
  progress.done("a", "1 to add");
  progress.end();
  expect(screen.text).toContain("0/3  a: planning 4 s  ·  b: initializing 0 s");
  expect(screen.text).toContain("\r\u001b[2K[1/3] a: 1 to add\n1/3  b: initializing 0 s");
  expect(screen.text.endsWith("\r\u001b[2K")).toBe(true);
});

test("a line that is longer than the terminal is shortened, so that it can be redrawn", () => {
  const screen = new Screen(true, 30);
  const progress = new Progress(screen, 1, () => 0);
  progress.step("a-stack-with-a-rather-long-name", "planning");
  progress.end();
  expect(screen.text.split("\r")[0]).toHaveLength(29);
});

test.each([
  [119_000, "119 s"],
  [120_000, "2 min"],
  [7_199_000, "119 min"],
  [11_100_000, "3 h 5 min"],
])("a step that continues shows its whole duration: %d ms", (now, text) => {
  const [log, terminal] = [new Screen(false), new Screen(true)];
  for (const screen of [log, terminal]) {
    const progress = new Progress(screen, 1, () => now);
    progress.step("a", "waiting", 0);
    progress.end();
  }
  expect(log.text).toBe(`a: waiting, ${text}\n`);
  expect(terminal.text).toContain(`a: waiting ${text}`);
});
