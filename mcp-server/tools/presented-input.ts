import { z } from "zod";
import { Sha256 } from "../vocab/index.ts";

/** One side of a comparison as it was handed in: what was read, and the digest of its bytes. */
export const PresentedInput = z.object({
  name: z.string(),
  origin: z.literal("presented"),
  /** Stored label that it came from. */
  label: z.string().optional(),
  /** Report files, as far as they fit. */
  files: z.array(z.string()),
  rawSha256: Sha256,
  /** Of the normalised form, where one was made. */
  storedSha256: Sha256.optional(),
});
export type PresentedInput = z.infer<typeof PresentedInput>;
