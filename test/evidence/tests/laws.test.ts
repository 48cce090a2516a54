import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareReportFiles } from "../../../mcp-server/evidence/tests/index.ts";
import { READERS } from "../../../mcp-server/evidence/tests/registry.ts";
import {
  identityKey,
  judgeTests,
  openComparison,
  type TestRow,
  type TestStatus,
} from "../../../mcp-server/judge/tests/index.ts";
import { FlowError } from "../../../mcp-server/vocab/index.ts";
import { memoryDisk } from "../../fakes/index.ts";
import { judged } from "../../judge/tests/rows.ts";
import { seedsByReader } from "./fuzz/seeds.ts";
import { junit, readWith } from "./sources.ts";

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly status: TestStatus;
}

const TAGS: Record<TestStatus, string> = {
  passed: "",
  failed: "<failure/>",
  errored: "<error/>",
  skipped: "<skipped/>",
};
const caseXml = ({ name, status }: Case) => `<testcase classname="K" name="${name}">${TAGS[status]}</testcase>`;

/** A report with a suite element per case, or one per suite. */
function report(cases: readonly Case[], together: boolean): string {
  const groups = together
    ? [...new Set(cases.map(({ suite }) => suite))].map((name) => cases.filter(({ suite }) => suite === name))
    : cases.map((one) => [one]);
  return junit(
    groups.map((group) => `<testsuite name="${group[0]?.suite}">${group.map(caseXml).join("")}</testsuite>`).join(""),
  );
}

const aCase: fc.Arbitrary<Case> = fc.record({
  suite: fc.constantFrom("A", "B", "C"),
  name: fc.constantFrom("one", "two", "three", "pays @P0", "logs in", "logs out", "row 1", "row 2"),
  status: fc.constantFrom<TestStatus>("passed", "passed", "passed", "failed", "errored", "skipped"),
});
const aRun = fc.array(aCase, { minLength: 1, maxLength: 14 });

/** The verdict over two sides, each a list of files. */
async function verdictOf(baseline: readonly string[], candidate: readonly string[], thresholdPct: number) {
  const files = (side: string, texts: readonly string[]) =>
    texts.map((text, i) => [`/p/${side}/${i}.xml`, text] as const);
  const disk = memoryDisk(Object.fromEntries([...files("a", baseline), ...files("b", candidate)]));
  const open = (seed: readonly [number, number]) => openComparison({ scope: "full", seed });
  const { compared } = await compareReportFiles(disk, ["a"], ["b"], { cwd: "/p", roots: ["/p/a", "/p/b"], open });
  return judgeTests(compared, { thresholdPct });
}

const shuffledBy = <T>(items: readonly T[], picks: Iterator<number>): T[] => {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice((picks.next().value ?? 0) % left.length, 1));
  return out;
};

describe("laws of reports", () => {
  const threshold = fc.constantFrom(0, 10, 50, 100);
  const picks = fc.infiniteStream(fc.nat());

  test("any order of rows and files, and any split into shards, gives the same verdict", async () => {
    await fc.assert(
      fc.asyncProperty(aRun, aRun, threshold, picks, fc.nat({ max: 4 }), async (before, after, pct, chance, more) => {
        const whole = await verdictOf([report(before, true)], [report(after, true)], pct);
        const shards = (cases: readonly Case[]) => {
          const files: Case[][] = Array.from({ length: 1 + more }, () => []);
          for (const one of shuffledBy(cases, chance)) files[(chance.next().value ?? 0) % files.length]?.push(one);
          // A shard that is the copy of another one counts once, as a file that was named twice; so none is here.
          return shuffledBy(
            files.filter((file) => file.length > 0),
            chance,
          ).map((file, i) => `${report(file, i % 2 === 0)}<!-- shard ${i} -->`);
        };
        expect(await verdictOf(shards(before), shards(after), pct)).toEqual(whole);
      }),
    );
  });

  test("more lost tests never lower the rate, and never turn FAIL into PASS", () => {
    const rowOf = ({ suite, name, status }: Case): TestRow => ({ suite: [suite], name, status });
    fc.assert(
      fc.property(
        aRun,
        aRun,
        fc.nat(),
        fc.constantFrom("failed", "errored", "skipped", "absent"),
        threshold,
        (before, after, pick, fate, pct) => {
          const [baseline, candidate] = [before.map(rowOf), after.map(rowOf)];
          const passing = candidate.flatMap((row, i) => (row.status === "passed" ? [i] : []));
          // A new test that disappears is not lost.
          const known = new Set(baseline.map(identityKey));
          const losable = passing.filter((i) => fate !== "absent" || known.has(identityKey(candidate[i] as TestRow)));
          if (losable.length === 0) return;
          const at = losable[pick % losable.length];
          const worse =
            fate === "absent"
              ? candidate.filter((_, i) => i !== at)
              : candidate.map((row, i) => (i === at ? { ...row, status: fate as TestStatus } : row));
          const [less, more] = [judged(baseline, candidate, pct), judged(baseline, worse, pct)];
          // An absent test may be excused by a rename, which then is no loss; it is never more than that.
          const lostOrExcused = ({ tests: { totals } }: typeof less) =>
            totals.lost + (fate === "absent" ? totals.renamed : 0);
          expect(lostOrExcused(more)).toBeGreaterThanOrEqual(lostOrExcused(less));
          if (less.verdict === "FAIL" && fate !== "absent") expect(more.verdict).toBe("FAIL");
        },
      ),
      { numRuns: 500 },
    );
  });
});

/**
 * Events of `go test` name no package before it starts: cut between two packages, the rest of the run is not missing
 * for anybody who has only this file. Those cuts read as a smaller run, in which every test of the baseline is lost.
 */
const OPEN_ENDED = new Set(["go-json"]);

describe("a report cut at any byte never yields a PASS that the whole does not", () => {
  const seeds = seedsByReader("test/fixtures/test-reports");

  test.each(READERS.map((reader, i) => [reader.format, seeds[i] ?? []] as const))(
    "%s",
    { timeout: 180_000 },
    async (format, own) => {
      for (const { name, reader, data } of own) {
        const whole = (await readWith(reader, data)).rows;
        const passing = whole.map((row) => ({ ...row, status: "passed" as const }));
        let refused = 0;
        for (const cut of cutsOf(data)) {
          const rows = await readWith(reader, data.subarray(0, cut)).then(
            (read) => read.rows,
            (error: Error) => {
              expect(["ReportDamage", "FlowError"]).toContain(error instanceof FlowError ? "FlowError" : error.name);
              return undefined;
            },
          );
          if (rows === undefined) {
            refused += 1;
            continue;
          }
          const where = `${name} cut at ${cut} of ${data.length}`;
          if (!OPEN_ENDED.has(format)) expect(rows, where).toEqual(whole);
          for (const baseline of [whole, passing]) {
            if (judged(baseline, whole).verdict !== "PASS")
              expect(judged(baseline, rows).verdict, where).not.toBe("PASS");
          }
        }
        expect(refused, name).toBeGreaterThan(10);
      }
    },
  );
});

/** Some hundred places all over the file, every line's end up to as many, and every byte of its end. */
function cutsOf(data: Buffer): Set<number> {
  const cuts = new Set<number>();
  for (let i = 0; i < 250; i++) cuts.add(Math.floor((i * data.length) / 250));
  const ends = [...data].flatMap((byte, i) => (byte === 0x0a ? [i, i + 1] : []));
  for (let i = 0; i < ends.length; i += Math.ceil(ends.length / 250)) cuts.add(ends[i] ?? 0);
  for (let i = Math.max(0, data.length - 60); i < data.length; i++) cuts.add(i);
  return cuts;
}
