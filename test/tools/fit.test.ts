import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, fitLists } from "../../mcp-server/tools/fit.ts";

describe("fitLists", () => {
  it("leaves what fits alone", () => {
    const value = { a: [1, 2, 3], b: { c: ["x"] } };
    expect(fitLists(value, ["a", "b.c"], 1000)).toEqual({ value, omitted: {} });
  });

  it("cuts the longest list first, from its end, and says by how much", () => {
    const value = { long: Array.from({ length: 100 }, (_, i) => i), short: [1, 2] };
    const { value: fitted, omitted } = fitLists(value, ["long", "short"], 120);
    expect(fitted.short).toEqual([1, 2]);
    expect(fitted.long[0]).toBe(0);
    expect(omitted).toEqual({ long: 100 - fitted.long.length });
    expect(value.long).toHaveLength(100);
  });

  it("never drops what is not named, even where that does not fit", () => {
    const value = { verdict: "FAIL", text: "x".repeat(500), list: ["y".repeat(500)] };
    const { value: fitted, omitted } = fitLists(value, ["list"], 100);
    expect(fitted).toEqual({ verdict: "FAIL", text: "x".repeat(500), list: [] });
    expect(omitted).toEqual({ list: 1 });
  });

  it("fits whenever the lists are what is too long, and what it keeps and omits adds up", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 300 }),
        fc.array(fc.integer(), { maxLength: 300 }),
        (texts, numbers) => {
          const { value, omitted } = fitLists(
            { texts, inner: { numbers } },
            ["texts", "inner.numbers", "nowhere.x"],
            400,
          );
          expect(JSON.stringify(value).length).toBeLessThanOrEqual(400);
          expect(value.texts).toEqual(texts.slice(0, value.texts.length));
          expect(value.texts.length + (omitted.texts ?? 0)).toBe(texts.length);
          expect(value.inner.numbers.length + (omitted["inner.numbers"] ?? 0)).toBe(numbers.length);
        },
      ),
    );
  });
});

describe("cut", () => {
  it.each([
    ["short", 10, "short"],
    ["0123456789", 10, "0123456789"],
    ["0123456789a", 10, "012345678…"],
    ["two\n lines\t", 20, "two lines"],
  ])("%s to %i", (text, limit, expected) => expect(cut(text, limit)).toBe(expected));
});
