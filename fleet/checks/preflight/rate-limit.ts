/** Keeps a scan below the read capacity that it was given: when the next page may be read, and how many items it may have. */

/**
 * Half a unit is 4 kB read eventually consistently, the least that a page costs; 1 MB is where DynamoDB ends a page.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
const leastUnits = 0.5;
const mostUnits = 128;
/** An item of 400 kB, the largest there can be. */
const mostUnitsPerItem = 50;
/** Items of a page, at most: a page is held in memory as a whole. */
const mostItems = 5000;

/**
 * A token bucket over the capacity that DynamoDB reports for each page.
 *
 * The bucket is empty at first and holds a tenth of what may be read in a second; nine tenths flow in each second. So in any
 * second, wherever it is laid, no more is consumed than the rate, as long as no page costs more than the bucket holds. The
 * cost of a page is known only afterwards, so its number of items is chosen for half the bucket, by the dearest item of late,
 * and never more than doubles. A page that is dearer nevertheless is paid off before the next: over the whole time the rate
 * holds in any case.
 */
export class RateLimit {
  private readonly size: number;
  private readonly perSecond: number;
  private tokens = 0;
  private filledAt: number;
  /** Items of the next page. */
  private limit = 1;
  /** Units that an item costs: of the last page, or half of what it was before, if that is more. At first the worst. */
  private perItem = mostUnitsPerItem;

  /**
   * @param rate read capacity units a second, 1 at least
   * @param now milliseconds, as of the clock that the other methods are given
   */
  constructor(
    readonly rate: number,
    now: number,
  ) {
    // Below ten units a second the least page would be all of the bucket; then it is a larger part of the second.
    this.size = Math.min(Math.max(rate / 10, 2 * leastUnits), rate / 2);
    this.perSecond = rate - this.size;
    this.filledAt = now;
  }

  /** Items that the next page may have. */
  pageLimit(): number {
    return this.limit;
  }

  /** Milliseconds until the next page may be read; 0 when it may be now. */
  waitMs(now: number): number {
    this.fill(now);
    const expected = Math.min(Math.max(this.limit * this.perItem * 2, leastUnits), mostUnits, this.size);
    // In whole milliseconds, upwards: timers have no others.
    return this.tokens >= expected ? 0 : Math.ceil(((expected - this.tokens) / this.perSecond) * 1000);
  }

  /**
   * A page has been read.
   *
   * @param units what DynamoDB says it consumed
   * @param items how many were read, before any filter
   */
  spent(now: number, units: number, items: number): void {
    this.fill(now);
    this.tokens -= units;
    if (items === 0) return;
    this.perItem = Math.max(units / items, this.perItem / 2);
    // The least page says nothing of its items but that twice as many cost at most twice as much.
    const affordable = units <= leastUnits ? Infinity : Math.floor(this.size / (2 * this.perItem));
    this.limit = Math.max(1, Math.min(affordable, 2 * this.limit, mostItems));
  }

  private fill(now: number): void {
    const flowedIn = ((now - this.filledAt) / 1000) * this.perSecond;
    this.tokens = Math.min(this.size, this.tokens + flowedIn);
    this.filledAt = now;
  }
}
