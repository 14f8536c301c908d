/** The content security policy of the HTML files that the command line writes. */
import { createHash } from "node:crypto";

/**
 * Forbids requests, and scripts except the given one. The page may use exactly this style, and images that are part of the page. A browser
 * applies no style attributes.
 */
export function pagePolicy(style: string, script?: string): string {
  const scripts = script === undefined ? "" : ` script-src '${hashOf(script)}';`;
  return `default-src 'none'; style-src '${hashOf(style)}';${scripts} img-src data:; base-uri 'none'; form-action 'none'`;
}

const hashOf = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;
