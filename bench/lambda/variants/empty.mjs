// Baseline (c): a handler without work. It measures the cost of Node.js and the runtime.
export const handler = async () => ({ response: "nomatch" });
