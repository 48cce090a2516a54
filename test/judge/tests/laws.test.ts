import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openIdentityHash } from "../../../mcp-server/judge/tests/identity.ts";
import { openIdentityTable } from "../../../mcp-server/judge/tests/identity-table.ts";
import { compareTests, countRows, type TestRow, type TestStatus } from "../../../mcp-server/judge/tests/index.ts";
import { changeOf, type StatusCounts } from "../../../mcp-server/judge/tests/multiset.ts";
import { judged, row, rows } from "./rows.ts";

const status = fc.constantFrom<TestStatus>("passed", "failed", "errored", "skipped");
const test_ = fc
  .record({
    status,
    suite: fc.constantFrom(["A"], ["A", "B"], ["B"]),
    name: fc.constantFrom("one", "two", "three", "pays", "logs in", "logs out"),
    priority: fc.constantFrom("P0" as const, "P2" as const, undefined),
  })
  .map(({ priority, ...rest }): TestRow => (priority ? { ...rest, priority } : rest));
const run = fc.array(test_, { maxLength: 14 });
const full = { scope: "full" as const };

describe("laws of the comparison", () => {
  test("a run against itself loses nothing and passes", () => {
    fc.assert(
      fc.property(run, (tests) => {
        const { totals } = compareTests(tests, tests, full);
        expect(totals).toMatchObject({ lost: 0, failing: 0, missing: 0, newlySkipped: 0, fixed: 0, added: 0, gone: 0 });
        const { verdict } = judged(tests, tests);
        expect(verdict).toBe(countRows(tests).passed > 0 ? "PASS" : "INCONCLUSIVE");
      }),
    );
  });

  test("removing k of n passing tests gives a rate of 100 k / n", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(), fc.nat(), (n, cut, rotate) => {
        const k = cut % n;
        const baseline = rows(n);
        const start = rotate % n;
        const kept = [...baseline.slice(start), ...baseline.slice(0, start)].slice(k);
        expect(judged(baseline, kept).regressionRate).toBe((100 * k) / n);
      }),
    );
  });

  test("the order of rows means nothing, duplicates included", () => {
    fc.assert(
      fc.property(run, run, fc.infiniteStream(fc.nat()), (baseline, candidate, picks) => {
        const shuffled = (tests: TestRow[]) => {
          const left = [...tests];
          const out: TestRow[] = [];
          while (left.length > 0) out.push(...left.splice((picks.next().value ?? 0) % left.length, 1));
          return out;
        };
        const again = compareTests(shuffled(baseline), shuffled(candidate), full);
        expect(again).toEqual(compareTests(baseline, candidate, full));
      }),
    );
  });

  test("totals are what comparing each test by itself gives", () => {
    fc.assert(
      fc.property(run, run, (baseline, candidate) => {
        const counts = (tests: TestRow[], key: string): StatusCounts => {
          const { passed, failed, errored, skipped } = countRows(tests.filter((one) => keyOf(one) === key));
          return { passed, failed, errored, skipped };
        };
        const keys = new Set([...baseline, ...candidate].map(keyOf));
        const { totals } = compareTests(baseline, candidate, full);
        let [lost, newFailing, fixed] = [0, 0, 0];
        for (const key of keys) {
          const change = changeOf(counts(baseline, key), counts(candidate, key));
          lost += change.lost;
          newFailing += change.newFailing;
          fixed += change.fixed;
        }
        expect([totals.lost + totals.renamed, totals.newFailing, totals.fixed]).toEqual([lost, newFailing, fixed]);
      }),
    );
  });

  test("making a candidate's test worse never lowers what is lost, and never turns FAIL into PASS", () => {
    fc.assert(
      fc.property(run, fc.nat(), (tests, pick) => {
        if (tests.length === 0) return;
        const at = pick % tests.length;
        const worse = tests.map((one, i) => (i === at ? { ...one, status: "failed" as const } : one));
        const before = judged(tests, tests);
        const after = judged(tests, worse);
        expect(after.tests.totals.lost).toBeGreaterThanOrEqual(before.tests.totals.lost);
        if (countRows(tests).passed > countRows(worse).passed) expect(after.verdict).toBe("FAIL");
      }),
    );
  });

  test("nothing but a passing row is ever a pass: a lost P0 always fails", () => {
    fc.assert(
      fc.property(
        run,
        fc.constantFrom<TestStatus | "absent">("failed", "errored", "skipped", "absent"),
        (tests, fate) => {
          const pay = row("pay", "passed", "P0");
          const candidate = fate === "absent" ? tests : [...tests, { ...pay, status: fate }];
          expect(judged([...tests, pay], candidate.length > 0 ? candidate : rows(1), 100).verdict).toBe("FAIL");
        },
      ),
    );
  });
});

const keyOf = (one: TestRow) => JSON.stringify([one.suite, one.name]);

describe("rows of one identity as multisets", () => {
  const of = (text: string): StatusCounts => {
    const count = (letter: string) => text.split(letter).length - 1;
    return { passed: count("p"), failed: count("f"), errored: count("e"), skipped: count("s") };
  };
  test.each([
    ["p", "p", {}],
    ["p", "f", { lost: 1, failing: 1 }],
    ["p", "e", { lost: 1, failing: 1 }],
    ["p", "s", { lost: 1, newlySkipped: 1 }],
    ["p", "", { lost: 1, missing: 1 }],
    ["", "p", { added: 1 }],
    ["", "f", { added: 1, newFailing: 1 }],
    ["f", "p", { fixed: 1 }],
    ["f", "f", { stillFailing: 1 }],
    ["f", "", { gone: 1 }],
    ["s", "f", { newFailing: 1 }],
    ["s", "p", {}],
    ["pf", "fp", { stillFailing: 1 }],
    ["pp", "p", { lost: 1, missing: 1 }],
    ["pp", "pf", { lost: 1, failing: 1 }],
    ["pp", "f", { lost: 2, missing: 1, failing: 1 }],
    ["p", "pf", { lost: 1, failing: 1 }],
    ["p", "pp", {}],
    ["p", "ps", { lost: 1, newlySkipped: 1 }],
    ["", "pf", { added: 2, newFailing: 1 }],
    ["pf", "f", { lost: 1, missing: 1, stillFailing: 1 }],
    ["pfe", "ppp", { fixed: 2 }],
  ])("%s -> %s", (before, after, expected) => {
    const nothing = { lost: 0, missing: 0, failing: 0, newlySkipped: 0, newFailing: 0, stillFailing: 0 };
    expect(changeOf(of(before), of(after))).toEqual({ ...nothing, fixed: 0, added: 0, gone: 0, ...expected });
  });

  test("the parts of a loss add up, and no more is lost than passed", () => {
    const letters = fc.string({ unit: fc.constantFrom("p", "f", "e", "s"), maxLength: 6 });
    fc.assert(
      fc.property(letters, letters, (before, after) => {
        const change = changeOf(of(before), of(after));
        expect(change.missing + change.failing + change.newlySkipped).toBe(change.lost);
        expect(change.lost).toBeLessThanOrEqual(of(before).passed);
        expect(change.lost).toBeGreaterThanOrEqual(of(before).passed - of(after).passed);
        for (const part of Object.values(change)) expect(part).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("identities", () => {
  const hashed = (one: TestRow, seed: [number, number] = [1, 2]) => {
    const hash = openIdentityHash(seed);
    hash.of(one);
    return `${hash.a}/${hash.b}`;
  };

  test("a part that moves to another field is another test", () => {
    const base = { status: "passed" as const };
    const all: TestRow[] = [
      { ...base, suite: ["a", "b"], name: "c" },
      { ...base, suite: ["a"], classname: "b", name: "c" },
      { ...base, suite: ["a"], file: "b", name: "c" },
      { ...base, suite: ["a"], project: "b", name: "c" },
      { ...base, suite: ["ab"], name: "c" },
      { ...base, suite: ["a", "bc"], name: "" },
      { ...base, suite: [], name: "abc" },
      { ...base, suite: [], name: "abc\u0000" },
      { ...base, suite: [""], name: "abc" },
      { ...base, suite: ["", ""], name: "abc" },
    ];
    expect(new Set(all.map((one) => hashed(one))).size).toBe(all.length);
  });

  test("neither status nor priority nor a shared suite array changes them", () => {
    const a: TestRow = { status: "passed", suite: ["s", "t"], classname: "k", name: "n" };
    const b: TestRow = { ...a, suite: ["s", "t"], status: "failed", priority: "P0", durationMs: 3 };
    expect(hashed(a)).toBe(hashed(b));
    const hash = openIdentityHash([1, 2]);
    for (const one of [{ ...a, suite: ["x"] }, a, { ...a, classname: "z" }, a]) hash.of(one);
    expect(`${hash.a}/${hash.b}`).toBe(hashed(a));
  });

  test("200,000 names that differ in a digit do not collide, in neither lane more often than chance", () => {
    const hash = openIdentityHash([7, 9]);
    const [whole, laneA, laneB] = [new Set<string>(), new Set<number>(), new Set<number>()];
    for (let i = 0; i < 200_000; i++) {
      hash.of(row(`case[${i}]`));
      whole.add(`${hash.a}/${hash.b}`);
      laneA.add(hash.a);
      laneB.add(hash.b);
    }
    expect(whole.size).toBe(200_000);
    // n^2 / 2^33 is 4.7 collisions expected in 32 bits.
    expect(laneA.size).toBeGreaterThan(200_000 - 25);
    expect(laneB.size).toBeGreaterThan(200_000 - 25);
  });

  test("the table finds what was put in, through every growth", () => {
    const table = openIdentityTable(1);
    const hash = openIdentityHash([3, 4]);
    const lanes: [number, number][] = [];
    for (let i = 0; i < 20_000; i++) {
      hash.of(row(`n${i}`));
      const found = table.find(hash.a, hash.b);
      expect(found).toBeLessThan(0);
      table.set(table.insertAt(found, hash.a, hash.b), i & 0x3ff);
      lanes.push([hash.a, hash.b]);
    }
    expect(table.size).toBe(20_000);
    expect(lanes.every(([a, b], i) => table.get(table.find(a, b)) === (i & 0x3ff))).toBe(true);
    let seen = 0;
    table.each(() => {
      seen += 1;
    });
    expect(seen).toBe(20_000);
  });
});
