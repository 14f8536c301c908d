/** `atlantis`: an `atlantis.yaml` in which each wave of an environment is a project, planned and applied by this command line. */
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { wavesOf } from "../rollout/waves";

const workflow = "call-blocking";

export const atlantis: Command = {
  name: "atlantis",
  summary: "Writes an atlantis.yaml: a project for each wave of an environment, in their order.",
  selection: "optional",
  options: { out: { value: "FILE", description: "Writes this file instead of atlantis.yaml." } },
  details: `Atlantis plans and applies through plan and deploy, so that the guard judges there too and each instance is verified.
The server must allow it: allow_custom_workflows, and allowed_overrides with workflow and apply_requirements, in its
repository configuration; npm ci belongs into its pre_workflow_hooks.

${selectionSyntax}`,
  run({ selection, values }, print) {
    const file = values.get("out") ?? "atlantis.yaml";
    const text = atlantisYaml(selectFrom(readEnvironments(), selection), selection);
    try {
      writeFileSync(file, text);
    } catch (error) {
      throw new CommandError(`The file cannot be written. ${errorMessage(error)}`);
    }
    print(file);
  },
};

/**
 * https://www.runatlantis.io/docs/repo-level-atlantis-yaml
 *
 * @param selection by which the instances were selected: each project is of those in its wave, and of no others
 */
export function atlantisYaml(instances: readonly InstanceConfig[], selection = ""): string {
  // A selection that was read holds nothing that ends a quotation.
  const terms = selection.split(/\s+/).filter(Boolean);
  const waves = [...wavesOf(instances, (instance) => instance).values()].flatMap((its) =>
    its.map((wave, index) => ({ wave, index })),
  );
  const fleet = "npm run --silent fleet --";
  const plans = "--out build/plans-$PROJECT_NAME";
  const selected = '"$(cat build/selection-$PROJECT_NAME)"';
  const selections = waves.map(({ wave }) => {
    const select = [`env=${wave.environment}`, `wave=${wave.name}`, ...terms].join(" ");
    return `${nameOf(wave)}) echo '${select}' ;;`;
  });
  const remember = `mkdir -p build; case "$PROJECT_NAME" in ${selections.join(" ")} esac > build/selection-$PROJECT_NAME`;
  const document = {
    version: 3,
    // All projects work in the same directory; the command itself plans stacks beside one another.
    parallel_plan: false,
    parallel_apply: false,
    abort_on_execution_order_fail: true,
    projects: waves.map(({ wave, index }) => ({
      name: nameOf(wave),
      dir: ".",
      workflow,
      execution_order_group: index,
      apply_requirements: ["approved", "mergeable", "undiverged"],
      autoplan: {
        enabled: true,
        when_modified: [
          `environments/${wave.environment}.yaml`,
          "environments/defaults.yaml",
          "config/**",
          "flows/**",
          "fleet/terraform/locks/*",
          "lambda/**",
          "stacks/**",
          "main.ts",
          "package-lock.json",
        ],
      },
    })),
    workflows: {
      [workflow]: {
        // Exit code 2 of plan: there are changes, and the guard allows them.
        plan: { steps: [{ run: `${remember}\n${fleet} plan ${selected} ${plans} || test $? -eq 2` }] },
        apply: { steps: [{ run: `${fleet} deploy ${selected} --plans build/plans-$PROJECT_NAME` }] },
      },
    },
  };
  return `# Written by: npm run fleet -- atlantis\n${stringify(document, { lineWidth: 0 })}`;
}

const nameOf = ({ environment, name }: { readonly environment: string; readonly name: string }): string =>
  `${environment}-${name}`;
