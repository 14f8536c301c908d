/**
 * Writes the schema of AWS provider 6.x for the types of the stacks, from the bindings `@cdktn/provider-aws`, and the generated part of
 * docs/provider-6.md.
 *
 * Usage, after `npm --prefix bench/cdktn ci`: `npm run provider-6`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { typesIn } from "./check-arguments";
import { bindingsDirectory, pageFile, schemaFile, withPage } from "./files";
import { readProviderSchema } from "./provider-schema";
import { sampleStacks } from "./sample-stacks";

const stacks = sampleStacks();
const schema = readProviderSchema(bindingsDirectory, typesIn(stacks));
writeFileSync(schemaFile, `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(pageFile, withPage(readFileSync(pageFile, "utf8"), schema, stacks));
