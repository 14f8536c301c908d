/** Terraform reads the flow texts and function settings of a synthesized stack as users wrote them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { inboundContent, moduleContent } from "../../stacks/flow-contents";
import { composedText, hostileTexts } from "../flows/hostile-text";
import { instanceWith, MODULE_REFERENCE, synthesizedTexts } from "../stacks/synthesized-texts";

/** The inputs of a plan, in order. */
function planned(inputs: readonly object[]): readonly unknown[] {
  const directory = mkdtempSync(path.join(tmpdir(), "flow-contents-"));
  try {
    // `terraform_data` is built in: no provider is fetched.
    const resources = Object.fromEntries(inputs.map((input, n) => [`c${n}`, { input }]));
    writeFileSync(path.join(directory, "main.tf.json"), JSON.stringify({ resource: { terraform_data: resources } }));
    const run = (...args: string[]): string => {
      const env = { PATH: process.env["PATH"], HOME: directory, CHECKPOINT_DISABLE: "1" };
      const result = spawnSync("terraform", args, { cwd: directory, encoding: "utf8", env, maxBuffer: 1e9 });
      if (result.status !== 0) throw new Error(`terraform ${args.join(" ")} failed:\n${result.stderr}`);
      return result.stdout;
    };
    run("init", "-input=false");
    run("plan", "-input=false", "-out=plan");
    const plan = JSON.parse(run("show", "-json", "plan")) as {
      resource_changes: { name: string; change: { after: { input: unknown } } }[];
    };
    const byName = new Map(plan.resource_changes.map(({ name, change }) => [name, change.after.input]));
    return inputs.map((_, n) => byName.get(`c${n}`));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test("a Terraform plan contains every text unchanged", () => {
  const instances = [...hostileTexts, ...fc.sample(composedText, { numRuns: 40, seed: 4 })].map((text) =>
    instanceWith(text, text),
  );
  const inputs = instances.map((instance) => {
    const { module, inbound, variables } = synthesizedTexts(instance);
    // The id is not known before the apply. The known template proves that Terraform evaluates this place.
    return { module, inbound: inbound.replace(MODULE_REFERENCE, '${"blockedStatus"}'), variables };
  });
  const plan = planned(inputs) as { module: string; inbound: string; variables: Record<string, string> }[];
  instances.forEach((instance, n) => {
    expect(JSON.parse(plan[n]?.module ?? "null")).toEqual(moduleContent(instance));
    expect(JSON.parse(plan[n]?.inbound ?? "null")).toEqual(inboundContent(instance.inboundFlow));
    expect(JSON.parse(plan[n]?.variables["BLOCKED_DISPOSITIONS"] ?? "null")).toEqual(instance.blockedDispositions);
  });
}, 120_000);
