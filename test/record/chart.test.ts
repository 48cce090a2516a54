import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { type Chart, chartSvg, niceTicks, sparkline } from "../../mcp-server/record/chart.ts";

const chart = (text: string): Chart => ({
  title: text,
  subtitle: text,
  spanMs: 600_000,
  origin: text,
  panels: [
    {
      title: text,
      unit: "%",
      series: [
        {
          arm: "new",
          label: text,
          points: [
            { ms: 0, value: 1 },
            { ms: 60_000, value: null },
            { ms: 120_000, value: 2 },
            { ms: 180_000, value: 3 },
            { ms: 240_000, value: "above" },
          ],
        },
        { arm: "old", label: text, points: [{ ms: 0, value: 0 }] },
      ],
      limits: [{ label: text, value: 2 }],
    },
  ],
  bands: [{ fromMs: 0, toMs: 300_000, label: text, short: text, text }],
  marks: [{ ms: 590_000, label: text }],
});

/** Elements and attribute names of a file, which no text may change. */
function structure(svg: string): string[] {
  const seen: string[] = [];
  const parser = new SaxesParser();
  parser.on("opentag", ({ name, attributes }) => void seen.push(`${name} ${Object.keys(attributes).join(" ")}`));
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(svg).close();
  return seen;
}

describe("a chart", () => {
  test("is well-formed and keeps its structure whatever the texts are", () => {
    const usual = structure(chartSvg(chart("abc")));
    const hostile = fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom("</svg><script>x</script>", "]]>", "<!--", "&amp;", '" onload="x', "\u0000\ud800\uffff"),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const padded = `x${text}`.slice(0, 12);
        const svg = chartSvg(chart(padded));
        expect(structure(svg)).toEqual(usual);
        expect(svg).not.toMatch(/<script|onload=x|javascript:/);
      }),
      { numRuns: 200 },
    );
  });

  test("is the same bytes for the same data", () => expect(chartSvg(chart("a"))).toBe(chartSvg(chart("a"))));

  test("breaks its line where nothing was measured, and marks what is beyond measure", () => {
    const svg = chartSvg(chart("a"));
    expect(svg.match(/class="line new" d="M/g)).toHaveLength(2);
    expect(svg).toContain('<circle class="dot-new"');
    expect(svg).toMatch(/<path class="dot-new" d="M[\d.]+ \d+h8l-4 -7z"/);
  });

  test("draws no coordinate that is no number", () => {
    const flat = { ...chart("a"), spanMs: 0, panels: [{ title: "a", unit: "ms", series: [], limits: [] }] };
    expect(chartSvg(flat)).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("fetches and runs nothing", () => expect(chartSvg(chart("a"))).not.toMatch(/href|url\(|@import|<script|<image/));
});

test.each([
  [0, [0, 0.5, 1]],
  [0.115, [0, 0.05, 0.1, 0.15]],
  [9, [0, 5, 10]],
  [575, [0, 200, 400, 600]],
  [1_000, [0, 500, 1_000]],
])("ticks up to %s", (most, ticks) => expect(niceTicks(most)).toEqual(ticks));

test("ticks start at nought, are few, and reach the value", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (most) => {
      const ticks = niceTicks(most);
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect((ticks.at(-1) ?? 0) * 1.01).toBeGreaterThanOrEqual(most);
    }),
  );
});

test("a sparkline says gap and beyond", () => {
  expect(sparkline([0, 4, 8, null, "above"], 8)).toBe("▁▅█·↑");
  expect(sparkline([0, 0], 0)).toBe("▁▁");
});
