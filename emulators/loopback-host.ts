/** Recognizes requests that name this machine, so that a name that an attacker resolves to this machine is refused (DNS rebinding). */

/** @param host the header `Host` of a request */
export const isLoopbackHost = (host: string): boolean =>
  /^(127\.0\.0\.1|\[::1\]|([\w.-]+\.)?localhost)(:\d+)?$/i.test(host);
