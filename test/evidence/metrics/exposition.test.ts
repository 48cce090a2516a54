import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExposition } from "../../../mcp-server/evidence/metrics/exposition.ts";
import { FlowError } from "../../../mcp-server/vocab/index.ts";

function one(line: string, openMetrics = false) {
  const [sample, ...rest] = readExposition(openMetrics ? `${line}\n# EOF\n` : `${line}\n`, { openMetrics }).samples;
  expect(rest).toEqual([]);
  return {
    name: sample?.name,
    labels: Object.fromEntries(sample?.labels ?? []),
    value: sample?.value,
    at: sample?.timestampMs,
  };
}

function refusal(text: string, openMetrics = false): FlowError {
  try {
    readExposition(text, { openMetrics, place: "page" });
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("was read");
}

describe("sample lines", () => {
  test.each([
    ["up 1", { name: "up", labels: {}, value: 1, at: undefined }],
    ["  up\t1  ", { name: "up", labels: {}, value: 1, at: undefined }],
    ["up 1\r", { name: "up", labels: {}, value: 1, at: undefined }],
    ["a:b_c 1.5e3", { name: "a:b_c", labels: {}, value: 1500, at: undefined }],
    ["x .5", { name: "x", labels: {}, value: 0.5, at: undefined }],
    ["x NaN", { name: "x", labels: {}, value: Number.NaN, at: undefined }],
    ["x +Inf", { name: "x", labels: {}, value: Number.POSITIVE_INFINITY, at: undefined }],
    ["x -Inf", { name: "x", labels: {}, value: Number.NEGATIVE_INFINITY, at: undefined }],
    ["x 1 1700000000123", { name: "x", labels: {}, value: 1, at: 1_700_000_000_123 }],
    ["x -3.9 -5", { name: "x", labels: {}, value: -3.9, at: -5 }],
    ["x{} 1", { name: "x", labels: {}, value: 1, at: undefined }],
    ['x{a="1",b="2",} 1', { name: "x", labels: { a: "1", b: "2" }, value: 1, at: undefined }],
    ['x { a = "1" , b="2" } 1', { name: "x", labels: { a: "1", b: "2" }, value: 1, at: undefined }],
    ['x{a="}, # \\" \\\\ \\n =,"}1', { name: "x", labels: { a: '}, # " \\ \n =,' }, value: 1, at: undefined }],
    [
      'x{__proto__="p",constructor="c"} 1',
      {
        name: "x",
        labels: Object.fromEntries([
          ["__proto__", "p"],
          ["constructor", "c"],
        ]),
        value: 1,
        at: undefined,
      },
    ],
    ['{"my.metric",a="b"} 3', { name: "my.metric", labels: { a: "b" }, value: 3, at: undefined }],
    ['{"größe","einheit.x"="µ"} 3', { name: "größe", labels: { "einheit.x": "µ" }, value: 3, at: undefined }],
  ])("%s", (line, expected) => {
    expect(one(line)).toEqual(expected);
  });

  test("OpenMetrics counts time in seconds and may add an exemplar", () => {
    expect(one('x_bucket{le="0.1"} 8 1700000000.5 # {trace_id="a}b"} 0.05 1700000000.1', true)).toEqual({
      name: "x_bucket",
      labels: { le: "0.1" },
      value: 8,
      at: 1_700_000_000_500,
    });
  });

  test.each([
    ["x", "value is missing"],
    ['x{a="1"}', "value is missing"],
    ["x abc", "not a number"],
    ["x 1_000", "not a number"],
    ["x 0x10", "not a number"],
    ["x 1 2 3", "after the value"],
    ["x 1 soon", "not a number"],
    ["x 1 NaN", "time is not finite"],
    ['x{a="1} 1', "no end"],
    ['x{a="1"', "expected , or }"],
    ["x{a=1} 1", "not quoted"],
    ['x{a="\\t"} 1', "unknown escape"],
    ['x{a="1" b="2"} 1', "expected , or }"],
    ['x{a="1",a="2"} 1', "written twice"],
    ["x{,} 1", "label name"],
    ['x{"y"} 1', "two names"],
    ['{a="b"} 1', "name is missing"],
    ['{"a","b"} 1', "no value"],
    ["9x 1", "name is missing"],
    ['x 1 # {a="b"} one', "not a number"],
  ])("%s is refused naming its line", (line, why) => {
    const error = refusal(`up 1\n${line}\nup 2\n`);
    expect(error.code).toBe("unreadable");
    expect(error.message).toContain(why);
    expect(error.where).toEqual({ file: "page", line: 2 });
  });
});

describe("pages", () => {
  const page = [
    "# HELP http_requests_total Requests.",
    "# TYPE http_requests_total counter",
    'http_requests_total{status="200"} 5',
    "",
    "# any remark",
    '# TYPE "my.histogram" histogram',
    '{"my.histogram_bucket",le="+Inf"} 2',
    "",
  ].join("\n");

  test("types of families are kept, also of those without samples", () => {
    const read = readExposition(page);
    expect(Object.fromEntries(read.types)).toEqual({ http_requests_total: "counter", "my.histogram": "histogram" });
    expect(read.samples).toHaveLength(2);
    expect(readExposition("# TYPE quiet counter\n")).toEqual({ samples: [], types: new Map([["quiet", "counter"]]) });
  });

  test("an empty page is a page without samples", () => {
    expect(readExposition("").samples).toEqual([]);
  });

  test("a page cut anywhere is refused or has lost whole lines only", () => {
    const whole = readExposition(page).samples;
    for (let end = 0; end < page.length; end += 1) {
      let cut: ReturnType<typeof readExposition>["samples"];
      try {
        cut = readExposition(page.slice(0, end)).samples;
      } catch (error) {
        expect(error).toBeInstanceOf(FlowError);
        continue;
      }
      expect(page[end - 1] ?? "\n").toBe("\n");
      expect(whole.slice(0, cut.length)).toEqual(cut);
    }
  });

  test.each(["x 1\n", "x 1\n# EO", "", "x 1\n# EOF\nx 2\n"])(
    "an OpenMetrics page that does not end in # EOF is refused: %j",
    (text) => {
      expect(refusal(text, true).code).toBe("unreadable");
    },
  );

  test("whatever the text is, it is read or refused", () => {
    const alphabet = fc.constantFrom(...'ab_:{}"=,\\ \n\t#01.+-eNInf', "# TYPE ", "# EOF", "\r", "µ");
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 60 }), (parts) => {
        try {
          for (const sample of readExposition(parts.join("")).samples) expect(sample.name).not.toBe("");
        } catch (error) {
          expect(error).toBeInstanceOf(FlowError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("what is written by the rules is read back as written", () => {
    const label = fc.tuple(
      fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/),
      fc.string({ unit: "grapheme", maxLength: 12 }),
    );
    const sample = fc.record({
      name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }),
      labels: fc.uniqueArray(label, { maxLength: 4, selector: ([name]) => name }),
      value: fc.double(),
    });
    const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (samples) => {
        const number = (value: number) =>
          Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        const lines = samples.map(
          ({ name, labels, value }) =>
            `{"${escaped(name)}"${labels.map(([key, text]) => `,${key}="${escaped(text)}"`).join("")}} ${number(value)}\n`,
        );
        const read = readExposition(lines.join("")).samples;
        expect(read.map(({ name, labels, value }) => ({ name, labels: [...labels], value: value + 0 }))).toEqual(
          samples.map((one) => ({
            name: one.name,
            labels: one.labels.map(([key, text]) => [key, text]),
            value: one.value + 0,
          })),
        );
      }),
    );
  });
});
