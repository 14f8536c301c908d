/** Waits until the user or the system ends a program that runs in the foreground. */

/** How often the program checks whether npm, which started it, still runs, in milliseconds. */
const parentCheckMs = 250;

/**
 * Resolves when the user or the system ends the program, or the program that started it. npm ends on SIGTERM without passing the signal on.
 */
export const ended = (): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearInterval(timer);
      resolve();
    };
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid !== parent) end();
    }, parentCheckMs).unref();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  });
