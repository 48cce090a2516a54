import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { flagsOf, kebab, readFlags, wordsOf } from "../../mcp-server/hosts/cli/flags.ts";
import { editDistance, nearest } from "../../mcp-server/vocab/nearest.ts";

const INPUT = z.object({
  version: z.string().optional(),
  regressionThreshold: z.number().optional(),
  rollbackOnRegression: z.boolean().optional(),
  firstDeploy: z.boolean().default(false),
  risk: z.enum(["low", "high"]).default("low"),
  reports: z.array(z.string()).optional(),
  extra: z.record(z.string(), z.string()).optional(),
});
const FLAGS = flagsOf(INPUT);
const read = (line: string, positionals: string[] = ["version", "reports"]) =>
  readFlags(line.split(" ").filter(Boolean), FLAGS, positionals, "run");

describe("flags made from a schema", () => {
  it("have the kind, the choices and the default of their member", () => {
    expect(
      FLAGS.map(({ name, kind, choices, fallback, required }) => ({ name, kind, choices, fallback, required })),
    ).toEqual([
      { name: "version", kind: "text", choices: undefined, fallback: undefined, required: false },
      { name: "regression-threshold", kind: "number", choices: undefined, fallback: undefined, required: false },
      { name: "rollback-on-regression", kind: "switch", choices: undefined, fallback: undefined, required: false },
      { name: "first-deploy", kind: "switch", choices: undefined, fallback: false, required: false },
      { name: "risk", kind: "text", choices: ["low", "high"], fallback: "low", required: false },
      { name: "reports", kind: "list", choices: undefined, fallback: undefined, required: false },
      { name: "extra", kind: "json", choices: undefined, fallback: undefined, required: false },
    ]);
  });

  it("exist for every parameter of a run", () => {
    expect(flagsOf(RunParameters).map((flag) => flag.name)).toEqual(Object.keys(RunParameters.shape).map(kebab));
  });
});

describe("reading a command line", () => {
  it.each<[string, Record<string, unknown>]>([
    ["", {}],
    ["2.0.0", { version: "2.0.0" }],
    ["--version 2.0.0", { version: "2.0.0" }],
    ["--version=2.0.0", { version: "2.0.0" }],
    ["--regression-threshold 5", { regressionThreshold: 5 }],
    ["--regression-threshold -5", { regressionThreshold: -5 }],
    ["--regression-threshold=0.5", { regressionThreshold: 0.5 }],
    ["--rollback-on-regression", { rollbackOnRegression: true }],
    ["--no-rollback-on-regression", { rollbackOnRegression: false }],
    ["--reports a --reports b", { reports: ["a", "b"] }],
    ["2.0.0 a b c", { version: "2.0.0", reports: ["a", "b", "c"] }],
    ['--extra {"a":"b"}', { extra: { a: "b" } }],
    ["-- -odd", { version: "-odd" }],
    ["--version=--odd", { version: "--odd" }],
  ])("%s", (line, expected) => expect(read(line)).toEqual(expected));

  it.each([
    ["--regresion-threshold 5", /unknown flag --regresion-threshold; did you mean --regression-threshold\?/],
    ["--no-rolback-on-regression", /did you mean --no-rollback-on-regression\?/],
    ["--no-version", /unknown flag --no-version/],
    ["--zzzzzzzz", /unknown flag --zzzzzzzz; next/],
    ["-x", /unknown flag -x/],
    ["--rollback-on-regression --no-rollback-on-regression", /contradict each other/],
    ["--no-rollback-on-regression --rollback-on-regression", /contradict each other/],
    ["--no-first-deploy --no-first-deploy", /given twice/],
    ["--risk low --risk high", /--risk is given twice/],
    ["--first-deploy=yes", /--first-deploy takes no value/],
    ["--version", /--version needs a value/],
    ["--version --first-deploy", /--version needs a value/],
    ["--regression-threshold 5%", /needs a plain number/],
    ["--regression-threshold 0x10", /needs a plain number/],
    ["--regression-threshold five", /needs a plain number/],
    ["--extra {a", /needs JSON/],
    ["2.0.0 --version 2.0.0", /given both as a word and as --version/],
  ])("refuses %s", (line, says) => expect(() => read(line)).toThrow(says));

  it("refuses words that nothing takes", () => {
    expect(() => read("a b", ["version"])).toThrow(/too many words/);
    expect(() => read("a", [])).toThrow(/too many words/);
  });

  it("shows no control character of what was typed", () => {
    expect(() => readFlags(["--a\u001b[31mb"], FLAGS, [], "run")).toThrow('unknown flag "--a\\u001b[31mb"');
  });

  it("gives back any text that is handed over with =", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readFlags([`--version=${text}`], FLAGS, [], "run")).toEqual({ version: text });
      }),
    );
  });
});

describe("words of values", () => {
  const flags = flagsOf(RunParameters);

  it("are what was said, and nothing else", () => {
    const said = { version: "2.0.0", firstDeploy: true, rollbackOnRegression: false, risk: "low" };
    expect(wordsOf(flags, { ...said, overrideFreeze: undefined })).toEqual([
      ...["--version", "2.0.0", "--risk", "low", "--no-rollback-on-regression", "--first-deploy"],
    ]);
  });

  it("give the same values again, whatever they hold", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
    const values = fc.record(
      {
        version: fc.constant("2.0.0"),
        guidance: text,
        reason: text,
        answers: fc.constant({ migrations: true, slo: { errorRatePct: 1 } }),
        regressionThreshold: fc.integer({ min: 0, max: 100 }),
        firstDeploy: fc.constant(true),
        rollbackOnRegression: fc.boolean(),
      },
      { requiredKeys: ["version"] },
    );
    fc.assert(
      fc.property(values, (said) => {
        expect(readFlags(wordsOf(flags, said), flags, [], "run")).toEqual(said);
      }),
    );
  });
});

describe("the nearest name", () => {
  it.each([
    ["regresion-check", "regression-check"],
    ["gate-decison", "gate-decision"],
    ["stauts", "status"],
    ["arch", "archive"],
    ["completely-else", undefined],
  ])("%s: %s", (typed, expected) => {
    expect(nearest(typed, ["regression-check", "gate-decision", "status", "archive", "run"])).toBe(expected);
  });

  it("is a distance: nothing to itself, the same both ways", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
