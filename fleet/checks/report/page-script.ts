/** The script of the report: filters the table, and opens all details before the page is printed. It sends no requests. */
export const script = `
(() => {
  "use strict";
  const form = document.getElementById("filter");
  const rows = [...document.querySelectorAll("#fleet tbody tr")];
  const text = document.getElementById("filter-text");
  const state = document.getElementById("filter-state");
  const environment = document.getElementById("filter-environment");
  const count = document.getElementById("filter-count");
  const show = () => {
    const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      const fits =
        words.every((word) => content.includes(word)) &&
        (state.value === "" || row.dataset.state === state.value) &&
        (environment.value === "" || row.dataset.environment === environment.value);
      row.hidden = !fits;
      const section = document.getElementById(row.dataset.section);
      if (section !== null) section.hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent = shown + " of " + rows.length + (rows.length === 1 ? " instance" : " instances");
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  form.hidden = false;
  show();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
})();
`;
