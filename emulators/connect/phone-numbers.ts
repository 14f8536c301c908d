/** The phone numbers of an emulated Connect instance, their flows, and traffic distribution groups. */
import { randomUUID } from "node:crypto";

/** A number that is claimed to an instance, or to a traffic distribution group of the instance. */
export interface ClaimedNumber {
  readonly id: string;
  readonly arn: string;
  /** E.164. */
  readonly number: string;
  readonly description: string | undefined;
  /** ARN of the instance or of the traffic distribution group. */
  readonly targetArn: string;
  /** Absent if the number is claimed to a traffic distribution group. */
  readonly instanceId: string | undefined;
}

export interface TrafficDistributionGroup {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

/** What a test claims. */
export interface NumberToClaim {
  /** E.164. */
  readonly number: string;
  readonly description?: string;
  /** Id or ARN of the flow that the number's calls start with. @default no flow */
  readonly flowId?: string;
  /** Claims the number to this group instead of the instance. */
  readonly group?: TrafficDistributionGroup;
}

/** The numbers and groups of one instance. */
export class PhoneNumbers {
  readonly groups: TrafficDistributionGroup[] = [];
  private readonly claimed: ClaimedNumber[] = [];
  private readonly flowIds = new Map<string, string>();

  constructor(
    private readonly instanceArn: string,
    private readonly instanceId: string,
  ) {}

  claim({ number, description, flowId, group }: NumberToClaim): ClaimedNumber {
    const id = randomUUID();
    const arn = `${this.instanceArn.split(":instance/")[0] ?? ""}:phone-number/${id}`;
    const targetArn = group?.arn ?? this.instanceArn;
    const instanceId = group === undefined ? this.instanceId : undefined;
    const claimed = { id, arn, number, description, targetArn, instanceId };
    this.claimed.push(claimed);
    if (flowId !== undefined) this.flowIds.set(id, flowId);
    return claimed;
  }

  /** Assigns a claimed number to a flow, as in the Connect console. @param flowId id or ARN */
  assignFlow(number: string, flowId: string): void {
    for (const claimed of this.claimed) if (claimed.number === number) this.flowIds.set(claimed.id, flowId);
  }

  addGroup(name: string): TrafficDistributionGroup {
    const id = randomUUID();
    const arn = `${this.instanceArn.split(":instance/")[0] ?? ""}:traffic-distribution-group/${id}`;
    const group = { id, arn, name };
    this.groups.push(group);
    return group;
  }

  /** Numbers whose calls the service routes to this ARN: the instance or a traffic distribution group. */
  routedTo(targetArn: string): readonly ClaimedNumber[] {
    return this.claimed.filter((number) => number.targetArn === targetArn);
  }

  /** Entries of ListFlowAssociations: the ARN of each number, and the ARN of its flow. */
  associations(): readonly object[] {
    return this.claimed.flatMap(({ id, arn }) => {
      const flow = this.flowIds.get(id);
      if (flow === undefined) return [];
      const FlowId = flow.startsWith("arn:") ? flow : `${this.instanceArn}/contact-flow/${flow}`;
      return [{ ResourceId: arn, FlowId, ResourceType: "VOICE_PHONE_NUMBER" }];
    });
  }
}
