/** References to contact data in flow content (`$.Attributes.name`): which exist, how they are read, and where they hide in text. */

/**
 * What may follow `$.` (adminguide/connect-attrib-list; `AgenticCX` from its block, adminguide/agentic-cx-block), and whether
 * it is a value itself (`leaf`) or holds values (`tree`). Connect refuses a comparison with a bare tree such as `$.External`;
 * `$.Tags` alone is what the list documents, for `KeyExists`.
 */
const ROOTS: ReadonlyMap<string, "leaf" | "tree"> = new Map([
  ...[
    ..."AwsRegion Channel ContactId CustomerId Description InitialContactId InitiationMethod InstanceARN".split(" "),
    ..."LanguageCode Name PreviousContactId RelatedContactId StoredCustomerInput Tags TextToSpeechVoiceId".split(" "),
  ].map((name) => [name, "leaf"] as const),
  ...[
    ..."AdditionalEmailRecipients Agent AgenticCX Attributes Capabilities Case Customer CustomerEndpoint".split(" "),
    ..."DataTableList DataTables Email External FlowAttributes LambdaInvocation Lex Loop Media MediaStreams".split(" "),
    ..."Metrics Modules Queue References SegmentAttributes SystemEndpoint Task Views Wisdom".split(" "),
  ].map((name) => [name, "tree"] as const),
]);

/** `.name`, `['any name']` or `.['any name']`; an unquoted name ends where prose would go on. */
const SEGMENT = /\.?\[(?:'([^']*)'|"([^"]*)"|(\d+))\]|\.([A-Za-z0-9_:-]+)/y;

/** The names along a reference that starts at `start` of `text`, and where it ends; undefined where none starts. */
function scan(text: string, start: number): { segments: string[]; end: number } | undefined {
  if (text[start] !== "$") return undefined;
  const segments: string[] = [];
  let end = start + 1;
  for (;;) {
    SEGMENT.lastIndex = end;
    const match = SEGMENT.exec(text);
    if (match === null) break;
    segments.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? "");
    end = SEGMENT.lastIndex;
  }
  return segments.length === 0 ? undefined : { segments, end };
}

/** The names along `text` when the whole of it is one reference (`$.A.['b c']` gives `["A", "b c"]`), else undefined. */
export function parseReference(text: string): readonly string[] | undefined {
  const found = scan(text, 0);
  return found?.end === text.length ? found.segments : undefined;
}

/** Whether Connect can compare with `text`: one reference, to a root that exists, down to a value. */
export function isComparable(text: string): boolean {
  const segments = parseReference(text);
  const root = ROOTS.get(segments?.[0] ?? "");
  return segments !== undefined && (root === "leaf" || (root === "tree" && segments.length > 1));
}

/** Whether Connect would read a reference into `text`, whose author meant every character of it. There is no way to escape one. */
export function containsReference(text: string): boolean {
  return text.includes("$.") || text.includes("$[");
}

/** `text` with each reference replaced by what `resolve` gives for it; one that `resolve` does not know becomes empty. */
export function interpolate(text: string, resolve: (segments: readonly string[]) => string | undefined): string {
  let out = "";
  for (let at = 0; at < text.length;) {
    const found = scan(text, at);
    if (found !== undefined && ROOTS.has(found.segments[0] ?? "")) {
      out += resolve(found.segments) ?? "";
      at = found.end;
    } else {
      out += text.charAt(at);
      at += 1;
    }
  }
  return out;
}
