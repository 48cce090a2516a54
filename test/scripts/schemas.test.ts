import { describe, expect, it } from "vitest";
import { ARTIFACT_KINDS } from "../../mcp-server/record/artifact-kinds/index.ts";
import { SCHEMAS } from "../../scripts/schema-list.ts";

describe("published schemas", () => {
  const published = Object.values(SCHEMAS).map(({ schema }) => schema);

  it.each(Object.entries(ARTIFACT_KINDS))("has one for the document %s", (_kind, { view }) => {
    expect(published).toContain(view);
  });
});
