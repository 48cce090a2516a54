import { z } from "zod";

/** Section `guard` of deploy.yaml: what the guard of an agent host holds back, because it changes production past the flow. */
export const GuardConfig = z.strictObject({
  contexts: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "Contexts, clusters, workspaces, hosts and servers that are production; * stands for anything. Unset: every one is.",
    ),
  commands: z
    .array(z.array(z.string().min(1)).min(1))
    .default([])
    .describe("Further commands that change production, by their first words; * stands for anything in a word."),
});
export type GuardConfig = z.infer<typeof GuardConfig>;
