/** Writes `environments/schema.json`. Editors use this JSON Schema to complete and check environment files. */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { environmentSchema } from "../config/schema";

/** The JSON Schema of an environment file, in draft 7, which the YAML language server reads. */
export function environmentJsonSchema(): object {
  return z.toJSONSchema(environmentSchema, { target: "draft-7" });
}

// Run from the project's root: npm run schema
if (require.main === module) {
  writeFileSync("environments/schema.json", `${JSON.stringify(environmentJsonSchema(), null, 2)}\n`);
}
