/** The last drift of each instance on this machine. */
import { z } from "zod";
import { SavedResults } from "./saved-result";

/** `pending`: a newer configuration is not deployed yet. `failed`: the stack could not be compared. */
export const savedDrift = new SavedResults(
  "drift",
  z.strictObject({ state: z.enum(["as-deployed", "pending", "drift", "failed"]) }),
);
