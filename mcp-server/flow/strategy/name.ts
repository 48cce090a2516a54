import { z } from "zod";

/** How traffic moves to a new version. By itself, so that what only names it need not know all of deploy.yaml. */
export const Strategy = z.enum(["canary", "blue-green", "rolling"]);
export type Strategy = z.infer<typeof Strategy>;
