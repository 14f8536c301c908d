/** Switches off the stack trace that CDKTF records for every token. The traces take over a quarter of the time of a large synth. */
import { createRequire } from "node:module";

/** A private module of CDKTF. If the module moves, the synth becomes slower but still works, and a test fails. */
const MODULE = "cdktf/lib/tokens/private/stack-trace";

const HINT = ["(not recorded: run again with CREATION_STACKS=1)"];

/**
 * Replaces the stack trace of every later token with a hint. CDKTF prints these traces in error messages only, never in the output
 * (hashicorp/terraform-cdk#3892).
 */
export function omitCreationStackTraces(): void {
  // CDK Terrain has an option. It also applies to the library's second copy that npm installs for the bindings.
  process.env["CDKTN_DISABLE_CREATION_STACK"] ??= "1";
  try {
    const stackTrace = createRequire(__filename)(MODULE) as { captureStackTrace: () => string[] };
    stackTrace.captureStackTrace = () => HINT;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
  }
}
