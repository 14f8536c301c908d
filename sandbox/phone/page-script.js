// The script of the page. The address has every step; the server plays them, and this script shows what happened. All text is set as text.
"use strict";

const byId = (id) => document.getElementById(id);
const main = document.querySelector("main");
const token = document.querySelector("meta[name=phone-token]").content;
const { instance, review, resolved } = main.dataset;
const blocked = JSON.parse(main.dataset.blocked);

/** Time for which the animation shows each block, in milliseconds. */
const blockMs = 420;

/** The last answer of the server. */
let state = { outcomes: [], contacts: [], links: [] };
/** Each new state ends the animation of the former one. */
let generation = 0;

/** Creates an element. A string among the children becomes text. */
function element(name, properties = {}, ...children) {
  const { dataset = {}, ...others } = properties;
  const made = Object.assign(document.createElement(name), others);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/** A sentence with Markdown code. */
const sentence = (text) =>
  text.split("`").map((part, n) => (n % 2 === 1 ? element("code", { textContent: part }) : part));

const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = text === "";
}

/** The last step. A step starts when the step before it is in the address, so that two quick clicks are two steps. */
let lastStep = Promise.resolve();

/** Goes to the state after one more step. */
function addStep(name, value) {
  lastStep = lastStep.then(async () => {
    const query = new URLSearchParams(location.search);
    query.set("instance", instance);
    query.append(name, value);
    const answer = await play(query.toString());
    if (answer === undefined) return;
    history.pushState(null, "", `/?${query}`);
    showState(answer, true);
  });
}

/** Shows the state of the address. */
async function showAddress(animated) {
  const answer = await play(location.search.slice(1));
  if (answer === undefined) return;
  showState(answer, animated);
  const call = lastCall();
  if (call === undefined) return;
  byId("from").value = call.from;
  byId("fault").value = call.fault;
}

/** Plays a link. @returns the state; undefined if there is none, or if the user went to another state */
async function play(link) {
  const current = ++generation;
  main.setAttribute("aria-busy", "true");
  let answer;
  try {
    const response = await fetch("/replay", {
      method: "POST",
      headers: { "content-type": "application/json", "x-phone-token": token },
      body: JSON.stringify({ link }),
    });
    answer = (response.headers.get("content-type") ?? "").startsWith("application/json")
      ? await response.json()
      : { error: `The sandbox refused the request: ${await response.text()}` };
  } catch {
    answer = { error: "The sandbox does not answer. Start it again in the terminal, then reload the page." };
  }
  if (current !== generation) return undefined;
  main.removeAttribute("aria-busy");
  problem(answer.error ?? "");
  return answer.error === undefined ? answer : undefined;
}

const lastCall = () => state.outcomes.findLast(({ kind }) => kind === "call");

function showState(answer, animated) {
  state = answer;
  showDesk();
  showSteps();
  const last = state.outcomes.at(-1);
  const call = lastCall();
  byId("again").hidden = call === undefined;
  if (last?.kind === "call") void showCall(last, animated);
  else {
    markWay(call);
    showResult(last);
  }
}

/** Shows a call block by block, and then its result. */
async function showCall(call, animated) {
  const current = ++generation;
  const moves = animated && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (moves) {
    byId("result").className = "result";
    byId("result").replaceChildren(element("p", { className: "quiet", textContent: "The call is on its way …" }));
    markWay(undefined);
    for (const [n, block] of call.blocks.entries()) {
      markBlock(block, call.blocks[n - 1]);
      addBlock(block);
      document.querySelector(".current")?.scrollIntoView({ block: "nearest", inline: "center", behavior: "smooth" });
      await new Promise((resolve) => setTimeout(resolve, blockMs));
      if (current !== generation) return;
    }
  }
  markWay(call);
  showResult(call);
  if (moves) byId("result").scrollIntoView({ block: "nearest", behavior: "smooth" });
}

const pictureOf = ({ picture }) => byId(`picture-${picture}`);
const allMarks = () => document.querySelectorAll(".passed, .current");

/** Highlights a block and the link from the block before it. */
function markBlock(block, before) {
  for (const marked of document.querySelectorAll(".current")) marked.classList.remove("current");
  const picture = pictureOf(block);
  const drawn = picture?.querySelector(`[data-block="${block.position}"]`);
  drawn?.classList.add("passed", "current");
  const from = lastIn(block, before);
  if (from !== undefined) {
    for (const link of picture?.querySelectorAll(`[data-link="${from} ${block.position}"]`) ?? [])
      link.classList.add("passed");
  }
  if (drawn) {
    // Scroll only the picture: the page stays where the reader is.
    const [outer, inner] = [picture.getBoundingClientRect(), drawn.getBoundingClientRect()];
    picture.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  }
}

/** The last block of each picture. While the module runs, its caller is the last block of the flow. */
const lastBlock = {};
function lastIn(block, before) {
  const last = before === undefined ? undefined : lastBlock[block.picture];
  lastBlock[block.picture] = block.position;
  return last;
}

/** Highlights the whole way of a call, and lists its blocks. */
function markWay(call) {
  for (const marked of allMarks()) marked.classList.remove("passed", "current");
  for (const name of Object.keys(lastBlock)) delete lastBlock[name];
  byId("blocks").replaceChildren();
  main.classList.toggle("has-call", call !== undefined);
  for (const [n, block] of (call?.blocks ?? []).entries()) {
    markBlock(block, call.blocks[n - 1]);
    addBlock(block);
  }
  for (const marked of document.querySelectorAll(".current")) marked.classList.remove("current");
}

function addBlock({ name, branch, startMs, durationMs, picture }) {
  const item = element("li", { className: picture }, element("span", { className: "name", textContent: name }));
  if (branch !== "") item.append(" ", element("span", { className: "branch", textContent: branch }));
  const time = durationMs >= 1 ? milliseconds(durationMs) : `at ${milliseconds(startMs)}`;
  item.append(" ", element("span", { className: durationMs >= 1 ? "time long" : "time", textContent: time }));
  byId("blocks").append(item);
}

/** Shows the result of a call, or the effect of a Disposition. */
function showResult(outcome) {
  const result = byId("result");
  result.className = "result";
  if (outcome === undefined) {
    result.replaceChildren(
      element("p", { className: "quiet", textContent: "Place a call to see what the caller experiences." }),
    );
    return;
  }
  if (outcome.kind === "disposition") {
    const { from, disposition, blocks } = outcome;
    result.replaceChildren(
      element("p", { className: "verdict neutral" }, `The contact has the Disposition “${disposition}”.`),
      element(
        "p",
        {},
        blocks
          ? `This is a blocked Disposition. Call again from ${from} to see the effect.`
          : `This Disposition does not block. Call again from ${from} to see whether another contact still blocks the number.`,
      ),
    );
    return;
  }
  const { blocked: isBlocked, failed, experience, cause, blockedStatus, reason, lookupMs, from } = outcome;
  const [style, title] = isBlocked
    ? ["stop", "The caller is blocked"]
    : failed
      ? ["warn", "The caller gets through: the lookup failed"]
      : ["go", "The caller gets through"];
  const facts = [
    ["caller", from],
    ["blockedStatus", blockedStatus],
    ["reason", reason],
    ["lookup", lookupMs === undefined ? "none" : milliseconds(lookupMs)],
  ];
  result.className = `result ${style}`;
  result.replaceChildren(
    element("p", { className: `verdict ${style}`, textContent: title }),
    element("p", { className: "experience", textContent: experience }),
    element("p", { className: "cause" }, ...sentence(cause), failed ? " An error never blocks a caller." : ""),
    element(
      "dl",
      { className: "facts" },
      ...facts.map(([name, value]) =>
        element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value })),
      ),
    ),
  );
}

/** Shows the contacts, the newest first. The keyboard focus stays at the same contact. */
function showDesk() {
  const focused = document.activeElement?.closest("[data-call]")?.dataset.call;
  byId("no-contacts").hidden = state.contacts.length > 0;
  byId("contacts").replaceChildren(...[...state.contacts].reverse().map(contactItem));
  if (focused !== undefined) document.querySelector(`[data-call="${focused}"] .call-again`)?.focus();
}

function contactItem(contact) {
  const { call, from, disposition, blocks, inReview, reachedAgent } = contact;
  const badge = blocks
    ? ["badge stop", disposition]
    : inReview
      ? ["badge warn", disposition]
      : ["badge", disposition === "" ? "no Disposition" : disposition];
  const item = element(
    "li",
    { className: "contact", dataset: { call: String(call) } },
    element(
      "p",
      { className: "line" },
      element(
        "span",
        {},
        element("span", { className: "count", textContent: `Call ${call}` }),
        " ",
        element("strong", { textContent: from }),
      ),
      element("span", { className: badge[0], textContent: badge[1] }),
    ),
  );
  if (!reachedAgent) {
    item.append(
      element("p", { className: "quiet", textContent: "The call ended in the flow. No agent talked to the caller." }),
    );
    return item;
  }
  const title =
    disposition === "" ? "The agent chooses" : inReview ? "The reviewer overrides with" : "A reviewer overrides with";
  const choices = [...new Set([...blocked, review, resolved])].filter((choice) => choice !== disposition);
  const titleId = `choose-${call}`;
  const group = element(
    "div",
    { className: "choices" },
    ...choices.map((choice) => {
      const isReview = choice === review;
      const kind = blocked.includes(choice) ? "choice stop" : isReview ? "choice warn" : "choice";
      return element("button", {
        type: "button",
        className: kind,
        textContent: choice,
        dataset: { disposition: choice },
        onclick: () => addStep(`contact.${call}`, choice),
      });
    }),
  );
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", titleId);
  const other = element("input", {
    type: "text",
    maxLength: 120,
    required: true,
    placeholder: "other text",
    spellcheck: false,
  });
  other.setAttribute("aria-label", `Other Disposition for call ${call}`);
  const form = element(
    "form",
    { className: "other" },
    other,
    element("button", { className: "small", textContent: "Set" }),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    addStep(`contact.${call}`, other.value);
  };
  group.append(form);
  item.append(
    element("p", { id: titleId, className: "choose", textContent: title }),
    group,
    element("button", {
      type: "button",
      className: "small call-again",
      textContent: `Call again from ${from}`,
      onclick: () => placeCall(from),
    }),
  );
  return item;
}

/** Lists the steps, with a link to the state after each one. */
function showSteps() {
  const list = state.outcomes.map((outcome, n) => {
    const link = element("a", { href: `/?${state.links[n]}`, textContent: stepText(outcome) });
    if (n === state.outcomes.length - 1) link.setAttribute("aria-current", "step");
    return element("li", {}, link);
  });
  byId("steps").replaceChildren(...list);
}

const stepText = (outcome) => {
  if (outcome.kind === "disposition") return `Call ${outcome.call}: Disposition “${outcome.disposition}”`;
  const result = outcome.blocked ? "blocked" : outcome.failed ? "through, lookup failed" : "through";
  return `Call ${outcome.call} from ${outcome.from}: ${result}`;
};

/** Networks send numbers without spaces and brackets. */
const canonical = (text) => {
  const plain = text.replace(/[\s().-]/g, "");
  return /^\+?\d+$/.test(plain) ? plain : text.trim();
};

function placeCall(from) {
  byId("from").value = from;
  const fault = byId("fault").value;
  addStep(fault === "" ? "call" : `call.${fault}`, from);
}

byId("call").onsubmit = (event) => {
  event.preventDefault();
  const from = canonical(byId("from").value);
  if (from !== "") placeCall(from);
};
for (const chip of document.querySelectorAll("[data-number]")) {
  chip.onclick = () => {
    byId("from").value = chip.dataset.number;
    byId("from").focus();
  };
}
byId("instance").onchange = () => {
  const query = new URLSearchParams(location.search);
  query.set("instance", byId("instance").value);
  location.assign(`/?${query}`);
};
byId("again").onclick = () => {
  const call = lastCall();
  if (call !== undefined) void showCall(call, true);
};
byId("copy").onclick = async () => {
  await navigator.clipboard.writeText(location.href);
  byId("copy").textContent = "Copied";
};
window.onpopstate = () => showAddress(false);
void showAddress(true);
