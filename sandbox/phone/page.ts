/** The HTML of the page. The script of the page fills in what happened; text reaches the page only escaped, or as text nodes. */
import { htmlText } from "../../fleet/output/foreign-text";
import { BLOCKED_STATUS_MODULE_NAME } from "../../flows/blocked-status";
import { toEmbeddedSvg } from "../../flows/diagram/svg";
import type { InstanceConfig } from "../../config/types";
import { callerNumbers, numberOf, offeredDispositions, withheld } from "../scenario";
import { maxText, type TableFault } from "./link";
import type { PlayedInstance } from "./phone";

const faultTexts: Readonly<Record<TableFault, string>> = {
  throttled: "throttles every request",
  "no-index": "has lost the index",
  "access-denied": "denies access",
  slow: "does not answer in time",
  unreachable: "is unreachable",
};

/** Most exempt numbers that the page offers as callers. */
const maxExempt = 3;

/**
 * @param instances all instances that the page can switch to
 * @param token proves that a request comes from this page
 */
export function phonePage(played: PlayedInstance, instances: readonly PlayedInstance[], token: string): string {
  const { instance, stack } = played;
  const { review, resolved } = offeredDispositions(instance);
  const [first = ""] = callerNumbers(instance);
  const callers = [
    [first, "a caller"],
    [withheld, "number withheld"],
    ...instance.exemptNumbers.slice(0, maxExempt).map((entry) => [numberOf(entry), "exempt number"] as const),
  ] as const;
  return page(
    `Call blocking: ${instance.stackName}`,
    `<header>
  <div class="brand"><h1>Try call blocking by phone</h1>
  <p>The flows and the function of your environment files. Everything runs on this machine.</p></div>
  <label class="instance">Instance
    <select id="instance">${instances.map(({ instance: { stackName } }) => `<option${stackName === instance.stackName ? " selected" : ""}>${htmlText(stackName)}</option>`).join("")}</select>
  </label>
</header>
<main data-instance="${htmlText(instance.stackName)}" data-blocked="${htmlText(JSON.stringify(instance.blockedDispositions))}" data-review="${htmlText(review)}" data-resolved="${htmlText(resolved)}">
<noscript><p class="problem">This page needs JavaScript.</p></noscript>
<p id="problem" class="problem" role="alert" hidden></p>
<section class="card phone" aria-labelledby="phone-title">
  <h2 id="phone-title">The caller</h2>
  <form id="call" autocomplete="off">
    <label for="from">Number of the caller</label>
    <input id="from" type="text" inputmode="tel" required maxlength="${maxText}" spellcheck="false" value="${htmlText(first)}" />
    <div class="chips" role="group" aria-label="Numbers to try">${callers
      .map(
        ([number, title]) =>
          `<button type="button" class="chip" data-number="${htmlText(number)}">${htmlText(title)}</button>`,
      )
      .join("")}</div>
    <label for="fault">ConnectPath’s table</label>
    <select id="fault"><option value="">works</option>${Object.entries(faultTexts)
      .map(([fault, title]) => `<option value="${fault}">${title}</option>`)
      .join("")}</select>
    <button class="primary" id="place">Call</button>
  </form>
  <div id="result" class="result" role="status" aria-live="polite"><p class="quiet">Place a call to see what the caller experiences.</p></div>
</section>
<section class="card desk" aria-labelledby="desk-title">
  <h2 id="desk-title">The agent’s desk</h2>
  <p class="quiet">Each finished call is a contact in ConnectPath. The Disposition of a contact decides whether the next call of its number is blocked.</p>
  <p class="rule">${rule(instance, review)}</p>
  <ul id="contacts" class="contacts" role="list"></ul>
  <p id="no-contacts" class="empty">No finished contacts yet.</p>
</section>
<section class="card way" aria-labelledby="way-title">
  <div class="line"><h2 id="way-title">The call, block by block</h2><button type="button" id="again" class="small" hidden>Play again</button></div>
  <ol id="blocks" class="blocks" aria-label="Blocks that the call passed"></ol>
  ${pictures(played)}
</section>
<section class="card more" aria-labelledby="steps-title">
  <div class="line"><h2 id="steps-title">What happened so far</h2>
  <span><button type="button" id="copy" class="small">Copy link</button> <a class="small" href="/?${htmlText(new URLSearchParams({ instance: instance.stackName }).toString())}">Start over</a></span></div>
  <p class="quiet">Every step has a link. The link contains the numbers and Dispositions, and plays the same steps again.</p>
  <ol id="steps" class="steps"></ol>
</section>
<section class="card more" aria-labelledby="settings-title">
  <h2 id="settings-title">Settings in the environment file</h2>
  ${settings(instance, stack.inboundFlow?.name)}
</section>
</main>`,
    `<meta name="phone-token" content="${token}" />
<script src="/page.js" defer></script>`,
  );
}

/** A page with one sentence and the links to all instances. */
export function messagePage(message: string, instances: readonly PlayedInstance[]): string {
  const links = instances.map(({ instance: { stackName } }) => {
    const query = new URLSearchParams({ instance: stackName }).toString();
    return `<li><a href="/?${htmlText(query)}">${htmlText(stackName)}</a></li>`;
  });
  return page(
    message,
    `<main><section class="card"><h1>${htmlText(message)}</h1><ul>${links.join("")}</ul></section></main>`,
  );
}

function page(title: string, body: string, head = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${htmlText(title)}</title>
<link rel="icon" href="data:," />
<link rel="stylesheet" href="/page.css" />
${head}
</head>
<body>
${body}
</body>
</html>
`;
}

const quoted = (text: string): string => `<strong>${htmlText(text)}</strong>`;

const rule = ({ blockedDispositions }: InstanceConfig, review: string): string =>
  `1-step: an agent chooses ${blockedDispositions.map(quoted).join(" or ")}. 2-step: an agent chooses ${quoted(review)}, and a reviewer overrides it.`;

function pictures({ stack: { inboundFlow, moduleContent } }: PlayedInstance): string {
  const figure = (name: "flow" | "module", caption: string, svg: string): string =>
    `<figure><figcaption>${caption}</figcaption><div class="picture" id="picture-${name}" tabindex="0" role="region" aria-label="${caption}">${svg}</div></figure>`;
  const flow =
    inboundFlow === undefined
      ? `<p class="quiet">The environment file configures no <code>inboundFlow</code>, so the picture shows only the module. Your own flow invokes the module.</p>`
      : figure(
          "flow",
          `Inbound flow: ${htmlText(inboundFlow.name)}`,
          // Before a deployment, a Terraform reference takes the place of the module's id.
          toEmbeddedSvg(inboundFlow.content, inboundFlow.name, (text) =>
            text.replaceAll(inboundFlow.moduleId, BLOCKED_STATUS_MODULE_NAME),
          ),
        );
  return (
    flow +
    figure("module", `Module: ${BLOCKED_STATUS_MODULE_NAME}`, toEmbeddedSvg(moduleContent, BLOCKED_STATUS_MODULE_NAME))
  );
}

function settings(instance: InstanceConfig, flow: string | undefined): string {
  const { blockedDispositions, anonymousCallers, exemptNumbers, lookup, inboundFlow } = instance;
  const rows: readonly (readonly [string, string])[] = [
    ["blockedDispositions", blockedDispositions.join(", ")],
    ["anonymousCallers", anonymousCallers],
    ["exemptNumbers", exemptNumbers.length === 0 ? "none" : exemptNumbers.join(", ")],
    ["lookup.budgetMs", `${lookup.budgetMs} ms`],
    ["inboundFlow", flow ?? "none"],
    ["whenBlocked", whenBlockedText(inboundFlow?.whenBlocked)],
  ];
  return `<p class="quiet">File ${htmlText(instance.environment)}.yaml, table ${htmlText(instance.table.name)}, account ${htmlText(instance.account)}.</p>
<dl class="settings">${rows.map(([name, value]) => `<div><dt><code>${name}</code></dt><dd>${htmlText(value)}</dd></div>`).join("")}</dl>`;
}

function whenBlockedText(whenBlocked: NonNullable<InstanceConfig["inboundFlow"]>["whenBlocked"] | undefined): string {
  switch (whenBlocked?.action) {
    case undefined:
      return "your own flow decides";
    case "disconnect":
      return "the call ends";
    case "message":
      return `message: “${"Text" in whenBlocked.message ? whenBlocked.message.Text : whenBlocked.message.SSML}”`;
    case "queue":
      return `queue ${whenBlocked.queueId}`;
    case "flow":
      return `flow ${whenBlocked.flowId}`;
  }
}
