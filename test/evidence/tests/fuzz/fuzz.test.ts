import { describe, expect, it } from "vitest";
import { READERS } from "../../../../mcp-server/evidence/tests/registry.ts";
import { play } from "./play.ts";
import { seedsByReader } from "./seeds.ts";

/** Inputs per format in every run of the tests; `npm run fuzz` plays as many as one likes. */
const INPUTS = 250;

describe("readers, fed with damaged reports", () => {
  const seeds = seedsByReader("test/fixtures/test-reports");

  it.each(READERS.map(({ format }, index) => [format, index] as const))(
    "%s",
    { timeout: 180_000 },
    async (_, index) => {
      let refused = 0;
      for (let i = 0; i < INPUTS; i++) {
        const { outcome } = await play(index + i * READERS.length, seeds);
        if (outcome === "refused") refused += 1;
      }
      // Mutations that are all refused, or none, would test one half of a reader only.
      expect(refused).toBeGreaterThan(INPUTS / 20);
      expect(refused).toBeLessThan(INPUTS);
    },
  );
});
