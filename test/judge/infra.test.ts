import { describe, expect, it } from "vitest";
import { type InfraReading, infraVerdict, judgeInfra } from "../../mcp-server/judge/index.ts";

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
