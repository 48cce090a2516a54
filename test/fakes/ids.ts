import { createHash } from "node:crypto";
import type { Ids } from "../../mcp-server/ports/index.ts";

/** The same ids in every run of a test; another seed gives others. */
export function fakeIds(seed = 1): Ids {
  let drawn = 0;
  return {
    hex: (bytes) => {
      let text = "";
      while (text.length < bytes * 2) {
        drawn += 1;
        text += createHash("sha256").update(`${seed}/${drawn}`).digest("hex");
      }
      return text.slice(0, bytes * 2);
    },
  };
}
