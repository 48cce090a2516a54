import { describe, expect, test } from "vitest";
import { RehearsalRecord, rehearsedBefore } from "../../../mcp-server/judge/index.ts";
import type { Instant } from "../../../mcp-server/vocab/index.ts";

const AT = "2026-11-25T12:00:00.000Z" as Instant;
const record = (edits: Partial<Record<keyof RehearsalRecord, unknown>> = {}) =>
  RehearsalRecord.parse({
    at: "2026-11-24T12:00:00.000Z",
    outcome: "PASS",
    fromVersion: "2.1.0",
    toVersion: "2.0.0",
    strategy: "canary",
    schemaGeneration: "none",
    backMs: 1_200,
    ...edits,
  });
const asked = (...records: RehearsalRecord[]) =>
  rehearsedBefore(records, { strategy: "canary", schemaGeneration: "none", at: AT });

describe("an earlier rehearsal", () => {
  test.each([
    ["none at all", [], "unknown"],
    ["of yesterday", [record()], "pass"],
    ["exactly 168 hours old", [record({ at: "2026-11-18T12:00:00.000Z" })], "pass"],
    ["a millisecond older", [record({ at: "2026-11-18T11:59:59.999Z" })], "unknown"],
    ["of this very moment", [record({ at: AT })], "pass"],
    ["dated in the future", [record({ at: "2026-11-25T12:00:00.001Z" })], "unknown"],
    ["of another strategy", [record({ strategy: "blue-green" })], "unknown"],
    ["on another schema", [record({ schemaGeneration: "abc" })], "unknown"],
    ["that failed", [record({ outcome: "FAIL" })], "fail"],
    [
      "that failed after one that passed",
      [record(), record({ at: "2026-11-25T11:00:00.000Z", outcome: "FAIL" })],
      "fail",
    ],
    [
      "that passed after one that failed",
      [record({ outcome: "FAIL" }), record({ at: "2026-11-25T11:00:00.000Z" })],
      "pass",
    ],
    [
      "a future success beside a failure",
      [record({ outcome: "FAIL" }), record({ at: "2027-01-01T00:00:00.000Z" })],
      "fail",
    ],
  ] as const)("%s: %s", (_name, records, expected) => {
    expect(asked(...records).status).toBe(expected);
  });

  test("counts until its 168 hours are over", () => {
    expect(asked(record()).validUntil).toBe("2026-12-01T12:00:00.001Z");
  });
});
