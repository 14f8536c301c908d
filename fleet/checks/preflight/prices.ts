/** Estimates costs from DynamoDB's list prices: an order of magnitude, not an exact amount. */

/**
 * DynamoDB's list prices in us-east-1 since November 2024, in US dollars; other regions cost up to twice as much, and requests
 * to a table of the class "infrequent access" cost a quarter more. https://aws.amazon.com/dynamodb/pricing/
 */
export const prices = {
  readUnit: 0.125e-6,
  writeUnit: 0.625e-6,
  readCapacityHour: 0.00013,
  writeCapacityHour: 0.00065,
  gigabyteMonth: 0.25,
} as const;

export const priceNote = "list prices of us-east-1 since November 2024; other regions differ";

export const hoursOfMonth = 730;

/** `about $0.06`, with one significant digit. */
export function dollars(amount: number): string {
  if (amount === 0) return "nothing";
  if (amount < 0.01) return "less than $0.01";
  const digits = Math.max(0, -Math.floor(Math.log10(amount)));
  return `about $${Number(amount.toPrecision(1)).toFixed(amount >= 1 ? 0 : Math.min(digits, 2))}`;
}

/** `40 s`, `7 min`, `3 h`, `2 days`, rounded up. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.ceil(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.ceil(seconds / 3600)} h`;
  return `${Math.ceil(seconds / 86_400)} days`;
}

/** Bytes as text with a decimal unit. */
export function bytes(count: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ""}`;
}

/** `12,345` */
export const thousands = (count: number): string => Math.round(count).toLocaleString("en-US");
