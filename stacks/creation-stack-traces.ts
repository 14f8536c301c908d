/** Switches off the stack trace that cdktf takes for every token: over a quarter of a large synth, for errors alone. */
import { createRequire } from "node:module";

/** Private to cdktf, so it may move: then a synth is slower, not broken, and a test of ours fails. */
const MODULE = "cdktf/lib/tokens/private/stack-trace";

const HINT = ["(not recorded: run again with CREATION_STACKS=1)"];

/**
 * Makes every token from here on carry a hint instead of where in the code it was made. Traces stand in error messages
 * only, never in the output (hashicorp/terraform-cdk#3892; CDK Terrain has `CDKTN_DISABLE_CREATION_STACK` for this).
 */
export function omitCreationStackTraces(): void {
  try {
    const stackTrace = createRequire(__filename)(MODULE) as { captureStackTrace: () => string[] };
    stackTrace.captureStackTrace = () => HINT;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
  }
}
