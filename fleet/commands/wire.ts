/** The command `wire`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { CommandError } from "../output/command-error";
import { askOnTerminal } from "../output/terminal";
import type { Command } from "./command-line";

const defaultDirectory = path.join("build", "wire");

const DISCONNECTS =
  "  Calls of blocked callers are disconnected. To play a message, or for another queue or flow, set flows.whenBlocked in the environment file.";

export const wire: Command = {
  name: "wire",
  summary: "Inserts the check of the caller into an existing inbound flow, and proves that nothing else changes.",
  argument: "FLOW",
  selection: "required",
  options: {
    after: {
      value: "BLOCK",
      description: "Checks the caller after the block with this identifier. Default: at the start of the flow.",
    },
    out: { value: "DIRECTORY", description: `Directory of the files. Default: ${defaultDirectory}.` },
    apply: { description: "Updates the flow, after showing the difference and asking." },
    undo: { description: "Restores the content that the flow had before wire --apply.", excludes: "apply" },
    yes: { description: "Does not ask. For CI." },
  },
  details: `FLOW is the id, the ARN or the name of an inbound flow, or a file that was exported in the Connect console. The selection must select
one instance.

The command inserts these blocks: invoke the module blockedStatus, compare its answer, end the call of a blocked caller as
flows.whenBlocked of the instance says (default: inboundFlow.whenBlocked, otherwise disconnect). Every other block stays byte for byte
the same, except for the block that leads to the new blocks, and for positions.

The command writes these files for each flow: the new content, which the console can import; the former content (.original.json);
pictures before and after; the proof. For the proof, every branch of the former flow is played in both flows. Unblocked callers,
withheld callers and callers whose lookup fails must take the same path as before. A blocked caller must not reach a queue.

The command refuses a flow that it cannot analyse completely, a flow that checks the caller already, another type of flow, and a place after
which a blocked caller could still reach a queue.

With --apply, the flow must not have changed since it was read. The role needs the policy wire (npm run fleet -- iam). Keep the files:
--undo needs these files. It refuses a flow that was edited after --apply. --apply and --undo drop a saved draft of the flow that is not published.

Exit codes: 0 success, 1 refused, declined or failed.

${selectionSyntax}`,
  async run({ argument: flow, selection, values, switches }, print) {
    const { applyWiring, DRAFT_IS_LOST, prepareWiring, undoWiring } = await import("../wiring/wire-flow");
    const instances = selectFrom(readEnvironments(), selection);
    const [instance] = instances;
    if (instance === undefined || instances.length > 1) {
      const names = instances.map(({ stackName }) => stackName);
      throw new CommandError(
        `The selection selects ${names.length} instances (${names.join(", ")}). Select the one instance of the flow.`,
      );
    }
    const request = { instance, flow, directory: values.get("out") ?? defaultDirectory };
    const confirm = async (question: string): Promise<boolean> =>
      switches.has("yes") || (await askOnTerminal(question));
    if (switches.has("undo")) {
      const result = await undoWiring(request, confirm);
      print(
        {
          restored: "The flow has its former content again. A saved draft that was not published is lost.",
          unchanged: "The flow has its former content already.",
          declined: "Nothing was changed.",
        }[result],
      );
      return result === "declined" ? 1 : 0;
    }
    const prepared = await prepareWiring(request, values.get("after"));
    const { plays, branches } = prepared.proof;
    print(
      [
        ...prepared.difference,
        ...(instance.flows.whenBlocked === undefined && instance.inboundFlow === undefined ? [DISCONNECTS] : []),
        `Proof: ${plays} plays of ${branches} branches, each with every kind of caller.`,
        ...prepared.files,
        ...(prepared.flowId === undefined ? [] : [`With --apply or --undo: ${DRAFT_IS_LOST}`]),
      ].join("\n"),
    );
    if (!switches.has("apply")) return 0;
    const isApplied = await applyWiring(request, prepared, confirm);
    print(
      isApplied ? "The flow is updated. Restore its former content with --undo." : "Nothing was changed in Connect.",
    );
    return isApplied ? 0 : 1;
  },
};
