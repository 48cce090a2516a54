import { describe, expect, test } from "vitest";
import { historyAnswer, historyText } from "../../mcp-server/hosts/cli/history-table.ts";
import { HistoryEntry } from "../../mcp-server/record/history.ts";

const entry = (day: number, outcome: string, more: object = {}): HistoryEntry =>
  HistoryEntry.parse({
    runId: `dpl-202603${String(day).padStart(2, "0")}T120000Z-00000a`,
    version: `2.${day}.0`,
    previousVersion: "1.0.0",
    strategy: "canary",
    outcome,
    startedAt: `2026-03-${String(day).padStart(2, "0")}T12:00:00.000Z`,
    endedAt: `2026-03-${String(day).padStart(2, "0")}T12:30:00.000Z`,
    durationMs: 1_800_000,
    archive: `.aiwg/archive/2026-03-${day}/deployment-2.${day}.0`,
    ...more,
  });

const text = (entries: HistoryEntry[], last = 20) =>
  historyText(historyAnswer({ entries, badLines: [] }, last), { colours: false });

describe("the history as a person reads it", () => {
  const runs = [
    entry(1, "SUCCESS", { errorRatePct: 0.02, latencyP99AtMostMs: 100, committedAt: "2026-03-01T10:30:00.000Z" }),
    entry(1, "BLOCKED"),
    entry(3, "ROLLED_BACK", { errorRatePct: 30, latencyP99AtMostMs: 750, restoreMs: 2_510 }),
  ];

  test("lists runs, draws them and measures the delivery", () => {
    expect(text(runs)).toMatchInlineSnapshot(`
      "┌───────────────────┬─────────────┬─────────┬───────┬──────────┬─────────────┬─────────┬─────────────┬─────────┬──────────────────────────────────────────┐
      │ started           │ outcome     │ version │ after │ strategy │ took        │ errors  │ p99 at most │ back in │ archive                                  │
      ├───────────────────┼─────────────┼─────────┼───────┼──────────┼─────────────┼─────────┼─────────────┼─────────┼──────────────────────────────────────────┤
      │ 2026-03-01 12:00Z │ SUCCESS     │ 2.1.0   │ 1.0.0 │ canary   │ 30 min 00 s │ 0.020 % │ 100 ms      │ –       │ .aiwg/archive/2026-03-1/deployment-2.1.0 │
      │ 2026-03-01 12:00Z │ BLOCKED     │ 2.1.0   │ 1.0.0 │ canary   │ 30 min 00 s │ –       │ –           │ –       │ .aiwg/archive/2026-03-1/deployment-2.1.0 │
      │ 2026-03-03 12:00Z │ ROLLED_BACK │ 2.3.0   │ 1.0.0 │ canary   │ 30 min 00 s │ 30.0 %  │ 750 ms      │ 2.5 s   │ .aiwg/archive/2026-03-3/deployment-2.3.0 │
      └───────────────────┴─────────────┴─────────┴───────┴──────────┴─────────────┴─────────┴─────────────┴─────────┴──────────────────────────────────────────┘

      runs per day: █ stayed in production, ▒ went back, ░ stopped before users
        2026-03-01  █░ 1 / 0 / 1
        2026-03-02  ·
        2026-03-03  ▒ 0 / 1 / 0

      ┌─────────────────────────────────┬─────────────────────────────────────────────────────────┐
      │ deployment frequency            │ 3.5 per week                                            │
      │ lead time, commit to production │ 2 h 00 min (one run)                                    │
      │ change failure rate             │ 50.0 % (1 of 2 versions that met users)                 │
      │ time to restore                 │ 2.5 s (one run)                                         │
      │ duration of a run               │ median 30 min 00 s, 30 min 00 s to 30 min 00 s (3 runs) │
      └─────────────────────────────────┴─────────────────────────────────────────────────────────┘"
    `);
  });

  test("draws weeks where days would be too many, and never more than twelve bars", () => {
    const months = Array.from({ length: 9 }, (_, index) => entry(index * 3 + 1, "SUCCESS"));
    const drawn = text(months).split("\n");
    expect(drawn.filter((line) => /^ {2}\d{4}-/.test(line))).toHaveLength(4);
    expect(text(months)).toContain("runs per week");
  });

  test("measures also the runs that it does not list", () => {
    expect(text(runs, 1)).toContain("2 earlier runs are not listed");
    expect(text(runs, 1)).toContain("50.0 % (1 of 2 versions that met users)");
  });

  test("a line of an older program stays readable, and nothing in it reaches the terminal as a command", () => {
    const old = HistoryEntry.parse({ ...entry(2, "SUCCESS"), strategy: "\u001b[31mcanary\u0007", archive: undefined });
    expect(text([old])).toContain("canary");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text([old])).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test("says so when there is nothing", () => expect(text([])).toBe("no run has ended in this project"));
});

describe("incidents in the history", () => {
  test("have a column of their own where a person named one", () => {
    const named = text([entry(1, "ROLLED_BACK", { incident: "INC-7" }), entry(2, "SUCCESS")]);
    expect(named).toMatch(/back in +│ incident │ archive/);
    expect(named).toContain("│ INC-7    │");
    expect(text([entry(1, "ROLLED_BACK")])).not.toContain("incident");
  });
});
