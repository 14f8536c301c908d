/** Splits the target of an HTTP request without changes. `URL` would resolve `..` and parse `//x` as a host. */
export function splitTarget(target: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const [pathname = "", ...query] = target.split("?");
  return { pathname, query: new URLSearchParams(query.join("?")) };
}
