import { z } from "zod";

/** Who caused a journal event. */
export const Actor = z.object({
  kind: z.enum(["runner", "person", "agent", "client"]),
  name: z.string(),
});
export type Actor = z.infer<typeof Actor>;
