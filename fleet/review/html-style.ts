/** The CSS of the HTML review. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f8fa; --card: #ffffff; --line: #d0d7de; --text: #1f2328; --quiet: #59636e;
  --red: #cf222e; --red-back: #ffebe9; --green: #1a7f37; --green-back: #dafbe1; --amber: #9a6700; --amber-back: #fff8c5;
  --blue: #0969da; --blue-back: #ddf4ff; --grey-back: #eaeef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #161b22; --line: #30363d; --text: #e6edf3; --quiet: #9198a1;
    --red: #ff7b72; --red-back: #3c1618; --green: #3fb950; --green-back: #12301c; --amber: #d29922; --amber-back: #342a0e;
    --blue: #58a6ff; --blue-back: #0c2d4d; --grey-back: #21262d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
code, pre, .diff { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 0.86em; }
h1 { margin: 0; font-size: clamp(1.35rem, 4.5vw, 2rem); line-height: 1.25; display: flex; gap: 0.5em; align-items: baseline; }
h2 { margin: 2.2rem 0 0.8rem; font-size: 1.25rem; }
h3 { margin: 0 0 0.3rem; font-size: 1.05rem; }
h4 { margin: 0 0 0.3rem; font-size: 0.95rem; }
p { margin: 0.35rem 0; }
main { max-width: 68rem; margin-left: auto; margin-right: auto; }
.verdict > * { max-width: 66rem; margin-left: auto; margin-right: auto; }
main { padding: 1.2rem 1rem 4rem; }
.verdict { padding: 1.4rem 1rem 1.5rem; border-bottom: 4px solid; }
.verdict.refused { background: var(--red-back); border-color: var(--red); }
.verdict.failed { background: var(--red-back); border-color: var(--red); }
.verdict.passed { background: var(--green-back); border-color: var(--green); }
.verdict.idle { background: var(--grey-back); border-color: var(--quiet); }
.verdict .sign { flex: none; }
.verdict.refused h1, .verdict.failed h1 { color: var(--red); }
.verdict.passed h1 { color: var(--green); }
.title { color: var(--quiet); font-size: 0.85rem; letter-spacing: 0.02em; margin-top: 0; margin-bottom: 0.2rem; }
.aside, .names { color: var(--quiet); font-size: 0.9rem; }
.fleet { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.fleet th, .fleet td { padding: 0.5rem 0.75rem; text-align: left; border-top: 1px solid var(--line); }
.fleet thead th { border-top: 0; color: var(--quiet); font-size: 0.8rem; font-weight: 600; }
.fleet tbody th { font-weight: 600; }
.fleet .count { text-align: right; font-variant-numeric: tabular-nums; }
.fleet .none { color: var(--quiet); }
.fleet .add, .fleet .import { color: var(--green); font-weight: 600; }
.fleet .change { color: var(--amber); font-weight: 600; }
.fleet .destroy { color: var(--red); font-weight: 600; }
.fleet thead .count { color: var(--quiet); }
.badge, .verb { display: inline-block; padding: 0.05rem 0.55rem; border-radius: 1rem; font-size: 0.8rem; font-weight: 600; white-space: nowrap; }
.badge.passed, .verb.create, .verb.import { color: var(--green); background: var(--green-back); }
.badge.refused, .badge.failed, .verb.destroy { color: var(--red); background: var(--red-back); }
.badge.allowed, .verb.change, .verb.replace, .verb.stop-managing { color: var(--amber); background: var(--amber-back); }
.verb.move { color: var(--blue); background: var(--blue-back); }
.verb.idle { color: var(--quiet); background: var(--grey-back); }
.card, .change > .resource, article.change { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.8rem 1rem; margin: 0 0 0.9rem; }
article.change { padding: 1rem; }
article.change > .resource { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 0.7rem 0 0.1rem; margin: 0.7rem 0 0; }
.card { border-left: 4px solid var(--line); }
.card.refused, .card.failed { border-left-color: var(--red); }
.card.allowed { border-left-color: var(--amber); }
.where { margin-top: 0; font-weight: 600; }
.fix { padding: 0.45rem 0.7rem; border-radius: 6px; background: var(--grey-back); }
.rule { color: var(--quiet); font-size: 0.85rem; margin-bottom: 0; }
.diff { list-style: none; margin: 0.4rem 0; padding: 0; border-radius: 6px; overflow: hidden; }
.diff li { display: flex; gap: 0.6rem; padding: 0.12rem 0.6rem; }
.diff .side { flex: none; user-select: none; font-weight: 700; }
.diff .added { background: var(--green-back); } .diff .added .side { color: var(--green); }
.diff .removed { background: var(--red-back); } .diff .removed .side { color: var(--red); }
.diff .changed { background: var(--amber-back); } .diff .changed .side { color: var(--amber); }
pre { margin: 0.4rem 0; padding: 0.7rem; border-radius: 6px; background: var(--grey-back); white-space: pre-wrap; }
figure { margin: 0.9rem 0 0; }
figcaption { color: var(--quiet); font-size: 0.9rem; margin-bottom: 0.3rem; }
.scroll { overflow-x: auto; }
.scroll img { display: block; max-width: 100%; min-width: 44rem; height: auto; }
@media (max-width: 40rem) {
  .fleet thead { display: none; }
  .fleet, .fleet tbody { display: block; }
  .fleet tr { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0.1rem 0.5rem; padding: 0.7rem 0.8rem; border-top: 1px solid var(--line); }
  .fleet tr:first-child { border-top: 0; }
  .fleet th, .fleet td { padding: 0; border: 0; }
  .fleet tbody th { grid-column: 1 / 4; }
  .fleet td.guard { grid-column: 1 / 5; grid-row: 2; }
  .fleet td.count { grid-row: 3; text-align: left; }
  .fleet tbody th { grid-column: 1 / 5; }
  .fleet td.count::before { content: attr(data-label); display: block; color: var(--quiet); font-size: 0.72rem; font-weight: 400; }
  .badge { white-space: normal; }
}
@media print { body { background: none; } .scroll img { min-width: 0; } }
`;
