/** Errors of the Connect API, and validation of its input: pages, names, descriptions, tags. */

export const errorStatus = {
  ContactFlowNotPublishedException: 404,
  DuplicateResourceException: 409,
  InvalidContactFlowException: 400,
  InvalidContactFlowModuleException: 400,
  InvalidParameterException: 400,
  InvalidRequestException: 400,
  LimitExceededException: 429,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  ServiceQuotaExceededException: 402,
  ThrottlingException: 429,
} as const;

/** An error of the service, with the members of its shape. */
export class ServiceError extends Error {
  constructor(
    readonly code: keyof typeof errorStatus,
    readonly members: Readonly<Record<string, unknown>>,
  ) {
    super(code);
  }
}
export const fail = (code: keyof typeof errorStatus, message: string): ServiceError =>
  new ServiceError(code, { Message: message });

export function paginate<T>(
  items: readonly T[],
  query: URLSearchParams,
  largest: number,
): { page: readonly T[]; next: { NextToken?: string } } {
  const size = Number(query.get("maxResults") ?? largest);
  if (!Number.isInteger(size) || size < 1 || size > largest)
    throw fail("InvalidParameterException", `MaxResults must be from 1 to ${largest}`);
  const token = query.get("nextToken");
  const start = token === null ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(start) || start < 0) throw fail("InvalidParameterException", "Invalid NextToken");
  const end = start + size;
  const next = end < items.length ? { NextToken: Buffer.from(String(end)).toString("base64url") } : {};
  return { page: items.slice(start, end), next };
}

export function parseBody(body: string): Readonly<Record<string, unknown>> {
  if (body === "") return {};
  const parsed = parseJson(body);
  if (!isRecord(parsed)) throw fail("InvalidRequestException", "The body is not a JSON object");
  return parsed;
}

export function lacksSettings(content: string): boolean {
  const parsed = parseJson(content);
  return isRecord(parsed) && (parsed["Settings"] === undefined || parsed["Settings"] === null);
}

export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type FieldError = "InvalidParameterException" | "InvalidRequestException";

/** A member that must be a non-blank string with 1 to `largest` characters. */
export function text(
  body: Readonly<Record<string, unknown>>,
  name: string,
  largest: number,
  error: FieldError = "InvalidParameterException",
): string {
  const value = body[name];
  if (typeof value !== "string" || value.trim() === "") throw fail(error, `Invalid input for field ${name}`);
  if (value.length > largest)
    throw fail(error, `${name} has ${value.length} characters, at most ${largest} are allowed`);
  return value;
}

export function optionalText(
  body: Readonly<Record<string, unknown>>,
  name: string,
  largest: number,
): string | undefined {
  return body[name] === undefined ? undefined : text(body, name, largest);
}

/** A description may be empty: an update with an empty text removes it. */
export const descriptionOf = (body: Readonly<Record<string, unknown>>): string | undefined =>
  body["Description"] === "" ? "" : optionalText(body, "Description", 500);

export function oneOf(body: Readonly<Record<string, unknown>>, name: string, allowed: readonly string[]): string {
  const value = text(body, name, 100);
  if (!allowed.includes(value)) throw fail("InvalidParameterException", `${name} is none of ${allowed.join(", ")}`);
  return value;
}

/** Tags: at most 50, keys up to 128 characters without the prefix `aws:`, values up to 256 characters. */
export function tagsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isRecord(value) || Object.keys(value).length > 50)
    throw fail("InvalidParameterException", "Tags must be a map of at most 50 strings");
  return Object.fromEntries(
    Object.entries(value).map(([key, tag]) => {
      if (key === "" || key.length > 128 || key.startsWith("aws:") || typeof tag !== "string" || tag.length > 256)
        throw fail("InvalidParameterException", `Invalid tag: ${key}`);
      return [key, tag];
    }),
  );
}
