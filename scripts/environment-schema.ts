/** Writes `environments/schema.json`, from which editors complete and check the environment files. */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { environmentSchema } from "../config/schema";

/** The JSON Schema of an environment file; draft 7, which the YAML language server and the editors built on it read. */
export function environmentJsonSchema(): object {
  return z.toJSONSchema(environmentSchema, { target: "draft-7" });
}

// Run from the project's root: node build/scripts/environment-schema.js && npx prettier --write environments/schema.json
if (require.main === module) {
  writeFileSync("environments/schema.json", `${JSON.stringify(environmentJsonSchema(), null, 2)}\n`);
}
