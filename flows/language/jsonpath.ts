/** Parses references to contact data in flow content, such as `$.Attributes.name`. */

/**
 * First names of references (adminguide/connect-attrib-list; `AgenticCX` from adminguide/agentic-cx-block). A `leaf` is a value. A `tree`
 * contains values; Connect refuses a comparison with the tree itself, such as `$.External`. `$.Tags` is documented without a name, for
 * `KeyExists`.
 */
const ROOTS: ReadonlyMap<string, "leaf" | "tree"> = new Map([
  ...[
    ..."AwsRegion Channel ContactId CustomerCallBackPhoneNumber CustomerId Description InitialContactId InitiationMethod InstanceARN".split(
      " ",
    ),
    ..."LanguageCode Name PreviousContactId RelatedContactId StoredCustomerInput Tags TextToSpeechVoiceId".split(" "),
  ].map((name) => [name, "leaf"] as const),
  ...[
    ..."AdditionalEmailRecipients Agent AgenticCX Attributes Capabilities Case Customer CustomerEndpoint".split(" "),
    ..."DataTableList DataTables Email External FlowAttributes LambdaInvocation Lex Loop Media MediaStreams".split(" "),
    ..."Metrics Modules Queue References SegmentAttributes SystemEndpoint Task Views Wisdom".split(" "),
  ].map((name) => [name, "tree"] as const),
]);

/** Matches `.name`, `['any name']`, `.['any name']`, or a name in backticks as in data-table references. */
const SEGMENT = /\.?\[(?:'([^']*)'|"([^"]*)"|(\d+))\]|\.`([^`]+)`|\.([A-Za-z0-9_:-]+)/y;

/** Reads a reference that starts at `start`. Returns its names and its end, or undefined if there is no reference. */
function scan(text: string, start: number): { segments: string[]; end: number } | undefined {
  if (text[start] !== "$") return undefined;
  const segments: string[] = [];
  let end = start + 1;
  for (;;) {
    SEGMENT.lastIndex = end;
    const match = SEGMENT.exec(text);
    if (match === null) break;
    segments.push(match.slice(1).find((name) => (name as string | undefined) !== undefined) ?? "");
    end = SEGMENT.lastIndex;
  }
  return segments.length === 0 ? undefined : { segments, end };
}

/** Returns the names of a reference (`$.A.['b c']` gives `["A", "b c"]`), or undefined if `text` is not exactly one reference. */
export function parseReference(text: string): readonly string[] | undefined {
  const found = scan(text, 0);
  return found?.end === text.length ? found.segments : undefined;
}

/** Whether `text` is exactly one reference to a value. Connect requires this in a comparison. */
export function isComparable(text: string): boolean {
  const segments = parseReference(text);
  const root = ROOTS.get(segments?.[0] ?? "");
  return segments !== undefined && (root === "leaf" || (root === "tree" && segments.length > 1));
}

/** Whether Connect would find a reference in `text`. The flow language has no escape. */
export function containsReference(text: string): boolean {
  return text.includes("$.") || text.includes("$[");
}

/** Replaces each reference in `text` by the result of `resolve`; undefined becomes empty. */
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
