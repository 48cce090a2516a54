import { z } from "zod";
import { Sha256 } from "../../vocab/index.ts";
import { Source } from "../parameters.ts";
import { Strategy } from "./name.ts";

/** One strategy as it was weighed. */
export const StrategyOption = z.object({
  strategy: Strategy,
  score: z.number(),
  /** What speaks for it here. */
  speaksFor: z.array(z.string()),
  speaksAgainst: z.array(z.string()),
  /** Why it cannot be taken here; empty when it can. */
  obstacles: z.array(z.string()),
  pros: z.array(z.string()),
  cons: z.array(z.string()),
  requirements: z.array(z.string()),
  /** Sum of the planned times, milliseconds; null when it cannot be planned. */
  plannedMs: z.number().nullable(),
});
export type StrategyOption = z.infer<typeof StrategyOption>;

/** Which strategy a run uses, who named it, and how all of them were weighed, the best first. */
export const StrategyChoice = z.object({
  chosen: Strategy,
  /** `recommendation`: nobody named one. */
  chosenBy: Source,
  recommended: Strategy,
  options: z.array(StrategyOption),
  /** Documents of the project that advisers may read; nothing is decided by them. */
  documents: z.array(z.object({ path: z.string(), sha256: Sha256 })),
});
export type StrategyChoice = z.infer<typeof StrategyChoice>;
