/** Reads the module's content and the function's zip and settings from a synthesized stack. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { FlowContent } from "../flows/language/types";

export interface SandboxStack {
  readonly name: string;
  readonly region: string;
  readonly tableName: string;
  readonly instanceArn: string;
  readonly moduleContent: FlowContent;
  /** The Disposition that the module sends to the function. */
  readonly blockedDisposition: string;
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
  provider: z.object({ aws: z.tuple([z.object({ region: z.string() })]) }),
  resource: z.object({
    aws_dynamodb_table: byLogicalId(z.object({ name: z.string() })),
    aws_lambda_function: z.object({
      blocked_calls: z.object({
        function_name: z.string(),
        filename: z.string(),
        handler: z.string(),
        memory_size: z.number(),
        environment: z.object({ variables: z.record(z.string(), z.string()) }),
      }),
    }),
    aws_lambda_permission: z.object({ connect: z.object({ source_arn: z.string() }) }),
    aws_connect_lambda_function_association: byLogicalId(z.object({ function_arn: z.string() })),
    aws_connect_contact_flow_module: byLogicalId(z.object({ content: z.string() })),
  }),
});

const lambdaBlockParameters = z.object({ LambdaInvocationAttributes: z.object({ BlockedDisposition: z.string() }) });

/**
 * The stacks in the output directory of a synth.
 *
 * @throws Error if the directory has no synthesized call blocking stacks
 */
export function readSandboxStacks(outdir: string): readonly SandboxStack[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(path.join(outdir, file), "utf8"));
  return Object.entries(manifest.parse(read("manifest.json")).stacks).map(([name, { workingDirectory }]) => {
    const { provider, resource } = stackJson.parse(read(path.join(workingDirectory, "cdk.tf.json")));
    const lambda = resource.aws_lambda_function.blocked_calls;
    const moduleContent = JSON.parse(firstResource(resource.aws_connect_contact_flow_module).content) as FlowContent;
    return {
      name,
      region: provider.aws[0].region,
      tableName: firstResource(resource.aws_dynamodb_table).name,
      instanceArn: resource.aws_lambda_permission.connect.source_arn,
      moduleContent,
      blockedDisposition: lambdaBlockParameters.parse(
        moduleContent.Actions.find(({ Type }) => Type === "InvokeLambdaFunction")?.Parameters,
      ).LambdaInvocationAttributes.BlockedDisposition,
      associatedArn: firstResource(resource.aws_connect_lambda_function_association).function_arn,
      function: {
        name: lambda.function_name,
        zip: readFileSync(path.join(outdir, workingDirectory, lambda.filename)),
        handler: lambda.handler,
        memoryMb: lambda.memory_size,
        environment: lambda.environment.variables,
      },
    };
  });
}

function firstResource<T>(resources: Readonly<Record<string, T>>): T {
  const [resource] = Object.values(resources);
  if (resource === undefined) throw new Error("the stack has no resource of a type that every call blocking stack has");
  return resource;
}
