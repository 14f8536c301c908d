// Baseline (c): a handler without work. Its figures are the cost of Node.js and the runtime.
export const handler = async () => ({ response: "nomatch" });
