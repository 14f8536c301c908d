/** Keeps a scan below its rate: decides when the next page may be read, and how many items it may have. */

/**
 * A page costs at least half a unit: an eventually consistent read of 4 kB. DynamoDB ends a page at 1 MB.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
const leastUnits = 0.5;
const mostUnits = 128;
/** Units of the largest possible item, 400 kB. */
const mostUnitsPerItem = 50;
/** Largest number of items per page: a page is kept in memory. */
const mostItems = 5000;

/**
 * A token bucket over the capacity that DynamoDB reports for each page.
 *
 * The bucket starts empty. Its size is a tenth of the rate, and nine tenths of the rate flow into the bucket per second. So the
 * consumption in any second never exceeds the rate, unless one page costs more than the size of the bucket. The cost of a page is
 * known only after the read. Therefore a page gets a number of items that should fill half the bucket, estimated from the most
 * expensive recent item. The number of items at most doubles from page to page. If a page costs more than the bucket has, the next
 * page waits until the bucket is no longer negative. So the average never exceeds the rate.
 */
export class RateLimit {
  private readonly size: number;
  private readonly perSecond: number;
  private tokens = 0;
  private filledAt: number;
  /** Items of the next page. */
  private limit = 1;
  /** Estimated units per item: from the last page, but at least half of the previous estimate. Starts with the worst case. */
  private perItem = mostUnitsPerItem;

  /**
   * @param rate read capacity units per second, at least 1
   * @param now current time in milliseconds, from the same clock as in the other methods
   */
  constructor(
    readonly rate: number,
    now: number,
  ) {
    // Below ten units per second the smallest page would fill the bucket, so the bucket is a larger part of the rate.
    this.size = Math.min(Math.max(rate / 10, 2 * leastUnits), rate / 2);
    this.perSecond = rate - this.size;
    this.filledAt = now;
  }

  /** Largest number of items for the next page. */
  pageLimit(): number {
    return this.limit;
  }

  /** Milliseconds until the next page may be read; 0 if it may be read now. */
  waitMs(now: number): number {
    this.fill(now);
    const expected = Math.min(Math.max(this.limit * this.perItem * 2, leastUnits), mostUnits, this.size);
    // Timers have whole milliseconds: round up.
    return this.tokens >= expected ? 0 : Math.ceil(((expected - this.tokens) / this.perSecond) * 1000);
  }

  /**
   * Records a page that was read.
   *
   * @param units consumed capacity as reported by DynamoDB
   * @param items number of items read, before any filter
   */
  spent(now: number, units: number, items: number): void {
    this.fill(now);
    this.tokens -= units;
    if (items === 0) return;
    this.perItem = Math.max(units / items, this.perItem / 2);
    // A page with the minimum cost gives no estimate per item; twice as many items cost at most twice as much.
    const affordable = units <= leastUnits ? Infinity : Math.floor(this.size / (2 * this.perItem));
    this.limit = Math.max(1, Math.min(affordable, 2 * this.limit, mostItems));
  }

  private fill(now: number): void {
    const flowedIn = ((now - this.filledAt) / 1000) * this.perSecond;
    this.tokens = Math.min(this.size, this.tokens + flowedIn);
    this.filledAt = now;
  }
}
