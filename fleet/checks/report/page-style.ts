/** The CSS of the report. */
import { legendStyle } from "../coverage/flow-figure";

export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f8fa; --card: #ffffff; --line: #d0d7de; --edge: #6e7781; --text: #1f2328; --quiet: #59636e; --link: #0550ae;
  --red: #a40e26; --red-back: #ffebe9; --green: #116329; --green-back: #dafbe1; --amber: #7d4e00; --amber-back: #fff8c5;
  --blue: #0969da; --grey-back: #eaeef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #161b22; --line: #30363d; --edge: #8b949e; --text: #e6edf3; --quiet: #9198a1; --link: #79b8ff;
    --red: #ff9b94; --red-back: #3c1618; --green: #56d364; --green-back: #12301c; --amber: #e3b341; --amber-back: #342a0e;
    --blue: #58a6ff; --grey-back: #21262d;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.4rem 0.8rem; background: var(--card); z-index: 1; }
h1 { margin: 0; font-size: clamp(1.35rem, 4.5vw, 2rem); line-height: 1.25; }
h2 { margin: 2.2rem 0 0.8rem; font-size: 1.3rem; }
h3 { margin: 0; font-size: 1.1rem; }
h4 { margin: 1.1rem 0 0.3rem; font-size: 1rem; }
p { margin: 0.35rem 0; }
ul { margin: 0.35rem 0; padding-left: 1.3rem; }
main, footer { max-width: 84rem; margin: 0 auto; padding: 0.5rem 1rem 1.5rem; }
.verdict { padding: 1.4rem 1rem 1.5rem; border-bottom: 4px solid; }
.verdict > * { max-width: 82rem; margin-left: auto; margin-right: auto; }
.verdict.failed { background: var(--red-back); border-color: var(--red); } .verdict.failed h1 { color: var(--red); }
.verdict.unknown { background: var(--amber-back); border-color: var(--amber); } .verdict.unknown h1 { color: var(--amber); }
.verdict.ok { background: var(--green-back); border-color: var(--green); } .verdict.ok h1 { color: var(--green); }
.aside, footer { color: var(--quiet); font-size: 0.9rem; }
.verdict .aside { color: var(--text); }
form { display: flex; flex-wrap: wrap; gap: 0.8rem 1.2rem; align-items: end; margin: 1rem 0; }
form label { display: grid; gap: 0.2rem; font-size: 0.9rem; font-weight: 600; }
input, select, button { font: inherit; font-weight: 400; padding: 0.35rem 0.6rem; min-height: 2.5rem; border: 1px solid var(--edge); border-radius: 6px; background: var(--card); color: var(--text); max-width: 100%; }
output { align-self: center; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; background: var(--card); }
th, td { padding: 0.45rem 0.7rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-size: 0.85rem; font-weight: 600; }
caption { text-align: left; color: var(--quiet); font-size: 0.9rem; padding: 0 0 0.4rem; }
#fleet { width: 100%; border: 1px solid var(--line); border-radius: 8px; font-size: 0.92rem; }
td.number { font-variant-numeric: tabular-nums; }
.badge { display: inline-block; padding: 0.05rem 0.6rem; border: 1px solid currentColor; border-radius: 1rem; font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
.badge.failed { color: var(--red); background: var(--red-back); }
.badge.unknown { color: var(--amber); background: var(--amber-back); }
.badge.ok { color: var(--green); background: var(--green-back); }
.badge.skipped { color: var(--quiet); background: var(--card); }
section.instance { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--line); border-radius: 8px; padding: 0.9rem 1.1rem; margin: 0 0 1rem; }
section.instance.failed { border-left-color: var(--red); } section.instance.unknown { border-left-color: var(--amber); } section.instance.ok { border-left-color: var(--green); }
.head { display: flex; flex-wrap: wrap; gap: 0.3rem 0.8rem; align-items: center; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 0.7rem 1.2rem; margin: 0.8rem 0; }
dt { color: var(--quiet); font-size: 0.85rem; }
dd { margin: 0; }
.problems li { margin: 0.3rem 0; }
figure { margin: 0.8rem 0 0.3rem; }
figcaption { color: var(--quiet); font-size: 0.9rem; }
.chart { display: block; width: 100%; max-width: 60rem; height: auto; }
.bar { fill: var(--blue); } .no-data { fill: var(--grey-back); stroke: var(--edge); stroke-dasharray: 3 3; }
.grid { stroke: var(--line); } .chart text { fill: var(--quiet); font-size: 12px; } .value, .date.last { text-anchor: end; } .date { text-anchor: middle; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; padding: 0.2rem 0; color: var(--link); width: fit-content; }
details table { font-size: 0.9rem; }
.pictures img { display: block; max-width: none; }
.pictures figure { overflow-x: auto; }
${legendStyle}
.scroll table { min-width: 30rem; }
.phone { white-space: nowrap; }
#fleet thead th { overflow-wrap: normal; }
@media (max-width: 40rem) {
  .chart text { font-size: 22px; }
  dl { grid-template-columns: repeat(auto-fit, minmax(min(100%, 9.5rem), 1fr)); }
}
@media (max-width: 75rem) {
  #fleet, #fleet tbody { display: block; }
  #fleet thead { position: absolute; left: -100rem; }
  #fleet caption { display: block; padding: 0.5rem 0.7rem; }
  #fleet tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 0.4rem 0.8rem; padding: 0.8rem; border-top: 1px solid var(--line); }
  #fleet th, #fleet td { padding: 0; border: 0; }
  #fleet tbody th { grid-column: 1 / -1; font-size: 1rem; }
  #fleet td::before { content: attr(data-label); display: block; color: var(--quiet); font-size: 0.8rem; }
  #fleet td.state::before { content: none; }
}
@media print {
  body { background: none; font-size: 11pt; }
  form, .skip { display: none !important; }
  section.instance { break-inside: avoid-page; border-color: #666; }
  .pictures img { max-width: 100%; height: auto; }
  .verdict, .badge, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
