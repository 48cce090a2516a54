import { describe, expect, it } from "vitest";
import { type InfraReading, infraVerdict, judgeInfra, othersUnwell } from "../../mcp-server/judge/index.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";

const well: InfraReading = {
  instances: 4,
  ready: 4,
  restarts: 0,
  restartsLast5Min: 0,
  oomKills: 0,
  crashes: 0,
  unhealthyStreak: 0,
};

describe("judgeInfra", () => {
  it.each([
    ["all ready", {}, "HEALTHY", "PASS", ["healthy"]],
    ["a restart long ago", { restarts: 1 }, "HEALTHY", "PASS", ["healthy", "earlier-restart"]],
    ["one out-of-memory kill", { oomKills: 1, restarts: 1, restartsLast5Min: 1 }, "UNHEALTHY", "FAIL", ["oom-kill"]],
    ["three crashes", { crashes: 3, restarts: 3, restartsLast5Min: 3 }, "UNHEALTHY", "FAIL", ["crash-loop"]],
    ["two crashes", { crashes: 2, restarts: 2, restartsLast5Min: 2 }, "DEGRADED", "INCONCLUSIVE", ["restart"]],
    ["three restarts in five minutes", { restarts: 3, restartsLast5Min: 3 }, "DEGRADED", "INCONCLUSIVE", ["restart"]],
    ["four restarts in five minutes", { restarts: 4, restartsLast5Min: 4 }, "UNHEALTHY", "FAIL", ["crash-loop"]],
    [
      "ten restarts while nobody watched",
      { restarts: 10, restartsUnseen: 10 },
      "DEGRADED",
      "INCONCLUSIVE",
      ["restart"],
    ],
    ["failing health once", { ready: 1, unhealthyStreak: 1 }, "DEGRADED", "INCONCLUSIVE", ["not-ready"]],
    ["failing health twice in a row", { ready: 1, unhealthyStreak: 2 }, "UNHEALTHY", "FAIL", ["failing-health"]],
    ["one instance not ready", { ready: 3 }, "DEGRADED", "INCONCLUSIVE", ["not-ready"]],
    ["no instance at all", { instances: 0, ready: 0 }, "DEGRADED", "INCONCLUSIVE", ["no-instances"]],
  ] as const)("%s", (_, change, status, outcome, codes) => {
    const judged = judgeInfra({ ...well, ...change });
    expect(judged.status).toBe(status);
    expect(judged.reasons.map(({ code }) => code)).toEqual(codes);
    expect(infraVerdict(judged).outcome).toBe(outcome);
  });
});

describe("othersUnwell", () => {
  const old = { version: "1.0.0" as Version, instances: 4, restarts: 0, oomKills: 0, crashes: 0, unhealthyStreak: 0 };
  it.each([
    ["nothing happened", {}, []],
    ["three restarts", { restarts: 3 }, []],
    ["two crashes", { crashes: 2, restarts: 2 }, []],
    ["failing health once", { unhealthyStreak: 1 }, []],
    ["four restarts", { restarts: 4 }, [/0 crashes, 4 restarts/]],
    ["a crash loop", { crashes: 3, restarts: 3 }, [/3 crashes/]],
    ["an out-of-memory kill", { oomKills: 1, restarts: 1 }, [/^instances of 1\.0\.0 are unwell: 1 out-of-memory/]],
    ["failing health twice in a row", { unhealthyStreak: 2 }, [/more than half of 4/]],
  ] as const)("%s", (_, change, texts) => {
    const reasons = othersUnwell({ ...old, ...change });
    expect(reasons).toHaveLength(texts.length);
    for (const [index, text] of texts.entries()) expect(reasons[index]?.text).toMatch(text);
  });
});
