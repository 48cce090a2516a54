import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ARTIFACT_KINDS } from "../../mcp-server/record/artifact-kinds/index.ts";
import { SCHEMAS } from "../../scripts/schema-list.ts";

describe("published schemas", () => {
  const published = Object.values(SCHEMAS).map(({ schema }) => schema);

  it.each(Object.entries(ARTIFACT_KINDS))("has one for the document %s", (_kind, { view }) => {
    expect(published).toContain(view);
  });

  it("has one for a regression gate with everything that a decision over it needs", () => {
    const shape = z.toJSONSchema(SCHEMAS["flows/regression-gate.yaml"]?.schema ?? z.never(), { io: "output" });
    expect(shape.required).toEqual(
      expect.arrayContaining(["verdict", "severity", "ratePct", "thresholdPct", "rollback", "dimensions", "blockers"]),
    );
  });
});
