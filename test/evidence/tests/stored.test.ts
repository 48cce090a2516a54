import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseRun, readNormalised, streamNormalised } from "../../../mcp-server/evidence/tests/index.ts";
import type { TestRow } from "../../../mcp-server/judge/tests/index.ts";
import { type Sha256, sha256 } from "../../../mcp-server/vocab/index.ts";
import { inPieces } from "./sources.ts";

const RAW = sha256("raw");
const asIs = (text: string) => text;
const text = fc.string({ unit: "grapheme", maxLength: 12 });
const row: fc.Arbitrary<TestRow> = fc.record(
  {
    status: fc.constantFrom("passed" as const, "failed" as const, "errored" as const, "skipped" as const),
    suite: fc.array(text, { maxLength: 3 }),
    name: text,
    file: text,
    classname: text,
    project: text,
    priority: fc.constantFrom("P0" as const, "P1" as const, "P3" as const),
    flaky: fc.constant(true as const),
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }).map((ms) => ms + 0),
    message: text,
  },
  { requiredKeys: ["status", "suite", "name"] },
);

describe("the stored form", () => {
  test("gives back what went in, in pieces of any size, with the digest of its bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), async (rows, size) => {
        const { stored, storedSha256 } = normaliseRun({ rows, rawSha256: RAW }, asIs);
        const back: TestRow[] = [];
        const facts = await streamNormalised(inPieces(stored, size), (one) => back.push(one));
        expect(back).toEqual(rows);
        expect(facts).toMatchObject({ rawSha256: RAW, storedSha256 });
        expect(storedSha256).toBe(sha256(stored));
      }),
      { numRuns: 100 },
    );
  });

  test("is the same bytes for the same rows", () => {
    const rows = fc.sample(row, 20);
    const once = normaliseRun({ rows, rawSha256: RAW }, asIs);
    expect(normaliseRun({ rows: structuredClone(rows), rawSha256: RAW }, asIs).storedSha256).toBe(once.storedSha256);
  });

  test("holds every text only after redaction", async () => {
    const secret: TestRow = {
      status: "failed",
      suite: ["hush suite", "hush inner"],
      file: "hush.ts",
      classname: "hush.Class",
      name: "hush name",
      message: "hush message",
    };
    // A redaction with a second parameter must not be handed an index.
    const redact = (from: string, limit = 100) => from.replaceAll("hush", "***").slice(0, limit);
    const { stored } = normaliseRun({ rows: [secret], rawSha256: RAW }, redact);
    expect(Buffer.from(stored).toString()).not.toContain("hush");
    expect((await readNormalised(stored)).rows[0]).toEqual({
      status: "failed",
      suite: ["*** suite", "*** inner"],
      file: "***.ts",
      classname: "***.Class",
      name: "*** name",
      message: "*** message",
    });
  });
});

describe("a damaged stored form is refused", () => {
  const rows: TestRow[] = ["a", "b", "c"].map((name) => ({ status: "passed", suite: ["s"], name }));
  const { stored } = normaliseRun({ rows, rawSha256: RAW }, asIs);
  const whole = Buffer.from(stored).toString();
  const lines = whole.trimEnd().split("\n");

  test("cut anywhere", async () => {
    for (let cut = 0; cut < stored.length; cut++) {
      await expect(readNormalised(stored.subarray(0, cut)), `cut at ${cut}`).rejects.toMatchObject({ code: "damaged" });
    }
  });

  test.each([
    ["a row left out", [...lines.slice(0, 2), ...lines.slice(3)]],
    ["a row more", [...lines.slice(0, 2), ...lines.slice(1)]],
    ["a status changed", lines.map((line, i) => (i === 1 ? line.replace("passed", "failed") : line))],
    ["an unknown status", lines.map((line, i) => (i === 1 ? line.replace("passed", "fine") : line))],
    ["no header", lines.slice(1)],
    ["another format", [lines[0]?.replace("/1", "/2"), ...lines.slice(1)]],
    ["rows after the end", [...lines, lines[1]]],
    ["a bad digest", lines.map((line) => line.replace(RAW as Sha256, "x"))],
  ])("%s", async (_, changed) => {
    await expect(readNormalised(Buffer.from(`${changed.join("\n")}\n`))).rejects.toMatchObject({ code: "damaged" });
  });
});
