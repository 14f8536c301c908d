/** The content security policy of the HTML files that the command line writes. */
import { createHash } from "node:crypto";

/** Forbids scripts and requests. The page may use exactly this style, and images that are part of the page. */
export function pagePolicy(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}
