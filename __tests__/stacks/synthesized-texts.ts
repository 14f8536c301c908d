/** Returns the strings of a synthesized stack that contain free text of users. */
import { Testing } from "cdktf";
import type { InstanceConfig } from "../../config/types";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "./sample-instance";

/** The reference in the inbound flow that Terraform replaces with the module's id. */
export const MODULE_REFERENCE = "${aws_connect_contact_flow_module.blocked_status.contact_flow_module_id}";

export interface SynthesizedTexts {
  /** The content of the module and of the inbound flow, as JSON. */
  readonly module: string;
  readonly inbound: string;
  /** The environment variables of the function. */
  readonly variables: Readonly<Record<string, string>>;
}

interface Synthesized {
  readonly resource: {
    readonly aws_connect_contact_flow_module: { readonly blocked_status: { readonly content: string } };
    readonly aws_connect_contact_flow: { readonly inbound: { readonly content: string } };
    readonly aws_lambda_function: {
      readonly blocked_calls: { readonly environment: { readonly variables: Readonly<Record<string, string>> } };
    };
  };
}

/** Returns an instance with these free texts: a blocked Disposition, and the message for blocked callers. */
export function instanceWith(disposition: string, message: string, name = sampleInstance.name) {
  return {
    ...sampleInstance,
    name,
    blockedDispositions: [disposition, "Blocked"],
    inboundFlow: {
      name: "Front door",
      queueId: "11111111-2222-4333-8444-555555555555",
      whenBlocked: { action: "message", message: { Text: message } },
    },
  } as const satisfies InstanceConfig;
}

/** Synthesizes the stack of `instance`, which must have an inbound flow. */
export function synthesizedTexts(instance: InstanceConfig): SynthesizedTexts {
  const functionPackage = { zipPath: __filename, sha256: "0", sourceCodeHash: "0", handler: "index.handler" };
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  const { resource } = JSON.parse(Testing.synth(stack)) as Synthesized;
  return {
    module: resource.aws_connect_contact_flow_module.blocked_status.content,
    inbound: resource.aws_connect_contact_flow.inbound.content,
    variables: resource.aws_lambda_function.blocked_calls.environment.variables,
  };
}
