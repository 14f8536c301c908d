/** Simulates CloudWatch for alarm tests: metrics from log lines, statistics, metric math, and the state of an alarm. */

/** The attributes of a deployed `aws_cloudwatch_metric_alarm`. */
export interface DeployedAlarm {
  readonly comparison_operator: string;
  readonly threshold: number;
  readonly evaluation_periods: number;
  readonly datapoints_to_alarm: number;
  readonly treat_missing_data: string;
  readonly insufficient_data_actions?: readonly string[];
  readonly metric_query: readonly {
    readonly id: string;
    readonly expression?: string;
    readonly return_data?: boolean;
    readonly metric?: readonly {
      readonly namespace: string;
      readonly metric_name: string;
      readonly dimensions: Readonly<Record<string, string>>;
      readonly period: number;
      readonly stat: string;
    }[];
  }[];
}

type Series = readonly (number | undefined)[];

/** Seconds since the start of the recording. */
type Time = number;

const keyOf = (namespace: string, name: string, dimensions: Readonly<Record<string, unknown>>): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);

/** A metric and its value in a log line. */
interface LoggedValue {
  readonly key: string;
  readonly value: number;
}

/** A recording of days repeats a few lines thousands of times. */
const knownLines = new Map<string, readonly LoggedValue[]>();

function valuesIn(line: string): readonly LoggedValue[] {
  const known = knownLines.get(line);
  if (known !== undefined) return known;
  const root = JSON.parse(line) as Record<string, unknown> & {
    _aws?: {
      CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
    };
  };
  const values = (root._aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) => {
      const dimensions = Object.fromEntries(names.map((name) => [name, root[name]]));
      return Metrics.map(({ Name }) => ({ key: keyOf(Namespace, Name, dimensions), value: root[Name] as number }));
    }),
  );
  knownLines.set(line, values);
  return values;
}

export class CloudWatch {
  readonly #points = new Map<string, { readonly at: Time; readonly value: number }[]>();
  /** A cache of values by period. The key names the metric and the length of the period. */
  readonly #periods = new Map<string, ReadonlyMap<number, readonly number[]>>();

  /** Returns whether a metric has data. */
  has(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): boolean {
    return this.#points.has(keyOf(namespace, name, dimensions));
  }

  put(at: Time, namespace: string, name: string, dimensions: Readonly<Record<string, unknown>>, value: number): void {
    this.#add(at, { key: keyOf(namespace, name, dimensions), value });
  }

  #add(at: Time, { key, value }: LoggedValue): void {
    const points = this.#points.get(key);
    if (points === undefined) this.#points.set(key, [{ at, value }]);
    else points.push({ at, value });
    this.#periods.clear();
  }

  /**
   * Extracts metrics from a log line, as CloudWatch does. A line without the `_aws` directive contains no metric.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
   */
  log(at: Time, line: string): void {
    for (const logged of valuesIn(line)) this.#add(at, logged);
  }

  #valuesOf(metric: {
    readonly namespace: string;
    readonly metric_name: string;
    readonly dimensions: Readonly<Record<string, string>>;
    readonly period: number;
  }): ReadonlyMap<number, readonly number[]> {
    const key = keyOf(metric.namespace, metric.metric_name, metric.dimensions);
    const known = this.#periods.get(`${key} ${metric.period}`);
    if (known !== undefined) return known;
    const periods = new Map<number, number[]>();
    for (const { at, value } of this.#points.get(key) ?? []) {
      const period = Math.floor(at / metric.period);
      const values = periods.get(period);
      if (values === undefined) periods.set(period, [value]);
      else values.push(value);
    }
    this.#periods.set(`${key} ${metric.period}`, periods);
    return periods;
  }

  /** Returns whether the alarm sends a notification at this time. */
  fires(alarm: DeployedAlarm, now: Time): boolean {
    const series = new Map<string, Series>();
    for (const { id, metric: [metric] = [] } of alarm.metric_query) {
      if (metric === undefined) continue;
      const values = this.#valuesOf(metric);
      const last = Math.floor(now / metric.period);
      const periods = Array.from({ length: alarm.evaluation_periods }, (_, i) => last - alarm.evaluation_periods + i);
      series.set(
        id,
        periods.map((period) => statistic(metric.stat, values.get(period) ?? [])),
      );
    }
    const [returned, ...others] = alarm.metric_query.filter(({ return_data }) => return_data === true);
    if (returned === undefined || others.length > 0) throw new Error("an alarm must return exactly one series");
    const values =
      returned.expression === undefined
        ? (series.get(returned.id) ?? [])
        : evaluate(returned.expression, series, alarm.evaluation_periods);
    const present = values.filter((value) => value !== undefined);
    const breaching = present.filter((value) =>
      alarm.comparison_operator === "LessThanThreshold" ? value < alarm.threshold : value >= alarm.threshold,
    );
    if (present.length === 0 && alarm.treat_missing_data === "missing")
      return (alarm.insufficient_data_actions ?? []).length > 0;
    return breaching.length >= alarm.datapoints_to_alarm;
  }
}

function statistic(stat: string, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  if (stat === "Sum") return values.reduce((sum, value) => sum + value, 0);
  if (stat === "Maximum") return Math.max(...values);
  const percent = Number(/^p(\d+)$/.exec(stat)?.[1]);
  if (Number.isNaN(percent)) throw new Error(`unknown statistic ${stat}`);
  return [...values].sort((first, second) => first - second)[Math.ceil((values.length * percent) / 100) - 1];
}

type Expression = (at: number) => number | undefined;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. Throws an error for an unknown function. */
export function evaluate(text: string, series: ReadonlyMap<string, Series>, length: number): Series {
  const tokens = text.match(/[A-Za-z_]\w*|\d+(\.\d+)?|>=|<=|==|!=|[-+*/<>(),]|\S/g) ?? [];
  let next = 0;
  const take = (expected?: string): string => {
    const token = tokens[next++];
    if (token === undefined || (expected !== undefined && token !== expected))
      throw new Error(`${text}: ${expected ?? "something"} expected at ${token ?? "the end"}`);
    return token;
  };
  const combine = (left: Expression, right: Expression, operator: (a: number, b: number) => number): Expression => {
    return (at) => {
      const [a, b] = [left(at), right(at)];
      return a === undefined || b === undefined ? undefined : operator(a, b);
    };
  };
  const operators: Readonly<Record<string, (a: number, b: number) => number>>[] = [
    { OR: (a, b) => Number(a !== 0 || b !== 0) },
    { AND: (a, b) => Number(a !== 0 && b !== 0) },
    {
      ">=": (a, b) => Number(a >= b),
      "<=": (a, b) => Number(a <= b),
      ">": (a, b) => Number(a > b),
      "<": (a, b) => Number(a < b),
      "==": (a, b) => Number(a === b),
      "!=": (a, b) => Number(a !== b),
    },
    { "+": (a, b) => a + b, "-": (a, b) => a - b },
    { "*": (a, b) => a * b, "/": (a, b) => a / b },
  ];
  const level = (depth: number): Expression => {
    const known = operators[depth];
    if (known === undefined) return operand();
    let left = level(depth + 1);
    for (let operator = known[tokens[next] ?? ""]; operator !== undefined; operator = known[tokens[next] ?? ""]) {
      take();
      left = combine(left, level(depth + 1), operator);
    }
    return left;
  };
  const operand = (): Expression => {
    const token = take();
    if (/^\d/.test(token)) return () => Number(token);
    if (token === "(") {
      const inner = level(0);
      take(")");
      return inner;
    }
    if (token === "IF") {
      take("(");
      const condition = level(0);
      take(",");
      const yes = level(0);
      take(",");
      const no = level(0);
      take(")");
      return (at) => {
        const value = condition(at);
        return value === undefined ? undefined : value !== 0 ? yes(at) : no(at);
      };
    }
    if (token === "FILL") {
      take("(");
      const inner = level(0);
      take(",");
      const filling = level(0);
      take(")");
      // AWS does not document that FILL fills a series without any data. This simulation does not fill it.
      const isEmpty = Array.from({ length }, (_, at) => inner(at)).every((value) => value === undefined);
      return (at) => inner(at) ?? (isEmpty ? undefined : filling(at));
    }
    const values = series.get(token);
    if (values === undefined) throw new Error(`${text}: there is no metric ${token}`);
    return (at) => values[at];
  };
  const expression = level(0);
  if (next < tokens.length) throw new Error(`${text}: unexpected ${tokens[next] ?? ""}`);
  return Array.from({ length }, (_, at) => expression(at));
}
