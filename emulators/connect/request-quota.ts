/** Limits requests as Connect does: a token bucket for each operation and region. */

/** Connect allows two requests per second in bursts of five, for most operations. */
export interface Throttle {
  readonly perSecond: number;
  readonly burst: number;
}

export class RequestQuota {
  private readonly buckets = new Map<string, { tokens: number; filledAt: number }>();

  /** @param now current time in milliseconds */
  constructor(
    private readonly throttle: Throttle,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes a token from the bucket. @returns false if the service would throttle the request */
  take(bucket: string): boolean {
    const { perSecond, burst } = this.throttle;
    const now = this.now();
    const before = this.buckets.get(bucket) ?? { tokens: burst, filledAt: now };
    const tokens = Math.min(burst, before.tokens + ((now - before.filledAt) / 1000) * perSecond);
    this.buckets.set(bucket, { tokens: tokens >= 1 ? tokens - 1 : tokens, filledAt: now });
    return tokens >= 1;
  }
}
