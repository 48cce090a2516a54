import { z } from "zod";
import { Advice, list } from "./parts.ts";

/** Which strategy is recommended and why, for the document and for the message alike. */
export const StrategyRecommendationView = z.object({
  service: z.string(),
  version: z.string(),
  recommended: z.string(),
  /** The strategy that the plan uses, and who named it. */
  taken: z.string(),
  /** Said where another one than the recommended is used. */
  differs: z.boolean(),
  rationale: list(z.string()),
  against: list(z.string()),
  pros: list(z.string()),
  cons: list(z.string()),
  infrastructure: list(z.string()),
  duration: z.string(),
  monitoring: z.string(),
  options: list(
    z.object({
      strategy: z.string(),
      points: z.number(),
      possible: z.string(),
      duration: z.string(),
      reasons: z.string(),
    }),
  ),
  rejected: list(z.object({ strategy: z.string(), reason: z.string() })),
  /** What was understood of the request: each parameter, its source and the words. */
  understood: list(z.object({ name: z.string(), value: z.string(), source: z.string() })),
  /** Documents of the project, noted for advisers. */
  documents: list(z.object({ path: z.string(), sha256: z.string() })),
  proceed: z.string(),
  advice: list(Advice),
});
