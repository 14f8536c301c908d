/** Runs before each test file: property tests draw the same cases in every run. `SEED` draws other cases. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["SEED"] ?? 1) });
