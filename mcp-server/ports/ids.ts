import { randomBytes } from "node:crypto";

/** Randomness as a parameter. */
export interface Ids {
  /** `bytes` random bytes in lower-case hexadecimal. */
  hex(bytes: number): string;
}

export const randomIds: Ids = { hex: (bytes) => randomBytes(bytes).toString("hex") };
