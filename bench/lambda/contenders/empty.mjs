// Yardstick (c): a handler that does nothing, which is what Node and the runtime cost.
export const handler = async () => ({ response: "nomatch" });
