/** Reads the flow contents and the function's zip and settings from a synthesized stack. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { FlowContent } from "../flows/language/types";

export interface SandboxStack {
  readonly moduleContent: FlowContent;
  /** The inbound flow and the id by which it invokes the module; undefined if the stack has no inbound flow. */
  readonly inboundFlow: { readonly name: string; readonly content: FlowContent; readonly moduleId: string } | undefined;
  /** The associated ARN, the only one that flows of the instance may invoke. */
  readonly associatedArn: string;
  readonly function: {
    readonly name: string;
    readonly zip: Uint8Array;
    readonly handler: string;
    readonly memoryMb: number;
    readonly environment: Readonly<Record<string, string>>;
  };
}

const manifest = z.object({ stacks: z.record(z.string(), z.object({ workingDirectory: z.string() })) });

const byLogicalId = <T extends z.ZodType>(resource: T) => z.record(z.string(), resource);
const stackJson = z.object({
  resource: z.object({
    aws_lambda_function: z.object({
      blocked_calls: z.object({
        function_name: z.string(),
        filename: z.string(),
        handler: z.string(),
        memory_size: z.number(),
        environment: z.object({ variables: z.record(z.string(), z.string()) }),
      }),
    }),
    aws_connect_lambda_function_association: byLogicalId(z.object({ function_arn: z.string() })),
    aws_connect_contact_flow_module: byLogicalId(z.object({ content: z.string() })),
    aws_connect_contact_flow: byLogicalId(z.object({ name: z.string(), content: z.string() })).optional(),
  }),
});

/**
 * The stacks in the output directory of a synth, by name.
 *
 * @throws Error if the directory has no synthesized call blocking stacks
 */
export function readSandboxStacks(outdir: string): ReadonlyMap<string, SandboxStack> {
  const read = (file: string): unknown => JSON.parse(readFileSync(path.join(outdir, file), "utf8"));
  const { stacks } = manifest.parse(read("manifest.json"));
  return new Map(
    Object.entries(stacks).map(([name, { workingDirectory }]): [string, SandboxStack] => {
      const { resource } = stackJson.parse(read(path.join(workingDirectory, "cdk.tf.json")));
      const lambda = resource.aws_lambda_function.blocked_calls;
      const [flow] = Object.values(resource.aws_connect_contact_flow ?? {});
      const stack = {
        moduleContent: JSON.parse(firstResource(resource.aws_connect_contact_flow_module).content) as FlowContent,
        inboundFlow: flow && readInboundFlow(flow),
        associatedArn: firstResource(resource.aws_connect_lambda_function_association).function_arn,
        function: {
          name: lambda.function_name,
          zip: readFileSync(path.join(outdir, workingDirectory, lambda.filename)),
          handler: lambda.handler,
          memoryMb: lambda.memory_size,
          environment: lambda.environment.variables,
        },
      };
      return [name, stack];
    }),
  );
}

/** Before a deployment, a Terraform reference takes the place of the module's id. */
function readInboundFlow({ name, content }: { readonly name: string; readonly content: string }) {
  const parsed = JSON.parse(content) as FlowContent;
  const invocation = parsed.Actions.find(({ Type }) => Type === "InvokeFlowModule");
  return {
    name,
    content: parsed,
    moduleId: String((invocation?.Parameters as { FlowModuleId?: string }).FlowModuleId),
  };
}

function firstResource<T>(resources: Readonly<Record<string, T>>): T {
  const [resource] = Object.values(resources);
  if (resource === undefined) throw new Error("the stack has no resource of a type that every call blocking stack has");
  return resource;
}
