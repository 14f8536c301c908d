/** Splits the target of an HTTP request, character for character: `URL` would resolve `..` and take `//x` for a host. */
export function splitTarget(target: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const [pathname = "", ...query] = target.split("?");
  return { pathname, query: new URLSearchParams(query.join("?")) };
}
