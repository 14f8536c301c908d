/** The frame of the HTML files that the command line writes, with their content security policy. */
import { createHash } from "node:crypto";
import { html, type Markup, nothing } from "./html";

export interface Page {
  readonly title: string;
  /** The only style of the page. A browser applies no style attributes. */
  readonly style: string;
  /** The only script of the page. @default no script may run */
  readonly script?: string;
  readonly body: Markup;
}

/** A complete document. Its content security policy forbids requests. The page may use images that are part of the page. */
export function htmlPage({ title, style, script, body }: Page): string {
  const scripts = script === undefined ? "" : ` script-src '${hashOf(script)}';`;
  const policy = `default-src 'none'; style-src '${hashOf(style)}';${scripts} img-src data:; base-uri 'none'; form-action 'none'`;
  // The hashes cover exactly these bytes, so no white space may be added.
  const styleElement: Markup = { markup: `<style>${style}</style>` };
  const scriptElement: Markup = script === undefined ? nothing : { markup: `<script>${script}</script>` };
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        ${body} ${scriptElement}
      </body>
    </html> `;
  return markup;
}

const hashOf = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;
