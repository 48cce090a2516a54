import { JUDGE, type MetricsReading, type StageDecision, type StagePoll } from "../../../mcp-server/judge/index.ts";
import type { Outcome3, Verdict } from "../../../mcp-server/vocab/index.ts";

export const MINUTE = 60_000;
export const bare = (outcome: Outcome3, code: string) => ({
  outcome,
  reasons: [{ code, text: code }],
  wouldPassIf: "",
  judge: JUDGE,
});
export const smoke = (outcome: Outcome3): Verdict => ({ ...bare(outcome, `smoke-${outcome}`), inputs: [] });
export const metrics = (change: Partial<MetricsReading> = {}): MetricsReading => ({
  regression: bare("PASS", "excluded"),
  slo: bare("PASS", "excluded"),
  proven: true,
  polls: 90,
  missedStreak: 0,
  candidateExposure: 5000,
  metrics: [],
  blame: [],
  ...change,
});
export const thin = metrics({
  proven: false,
  regression: bare("INCONCLUSIVE", "low-traffic"),
  slo: bare("INCONCLUSIVE", "low-traffic"),
});
export const worse = metrics({ proven: false, regression: bare("FAIL", "regression") });
export const broken = metrics({ proven: false, slo: bare("FAIL", "slo-trigger") });
export const silent = metrics({ missedStreak: 2 });

/** A stage that did all it had to do. */
export const done: StagePoll = {
  servedMs: 10 * MINUTE,
  plannedMs: 10 * MINUTE,
  extendedMs: 0,
  smokeRequired: false,
  journeysRequired: false,
  rollbackOnRegression: true,
  accepted: false,
  expectedSharePct: 25,
  measuredSharePct: 25.4,
  measuredRequests: 20_000,
  versionsReadBack: true,
  minExposure: 500,
  metrics: metrics(),
  smoke: smoke("PASS"),
  infra: { status: "HEALTHY", reasons: [] },
  deadForMs: 0,
  gapsMs: 0,
  limits: {
    degradedMs: 10 * MINUTE,
    shareMs: 10 * MINUTE,
    probesMs: 5 * MINUTE,
    dataMs: 60 * MINUTE,
    gapsMs: 30 * MINUTE,
  },
  degradedForMs: 0,
  shareOffForMs: 0,
  probesFail: false,
  final: false,
};
export const early = { servedMs: 4 * MINUTE };
export const extended = { extendedMs: 10 * MINUTE, servedMs: 20 * MINUTE };
export const unhealthy = {
  status: "UNHEALTHY" as const,
  reasons: [{ code: "oom-kill", text: "1 out-of-memory kill" }],
};
export const degraded = {
  status: "DEGRADED" as const,
  reasons: [{ code: "not-ready", text: "3 of 4 instances ready" }],
};

/** `advance proven`, `rollback slo`, `hold regression`, ... */
export function brief(decision: StageDecision): string {
  switch (decision.do) {
    case "advance":
      return decision.proven ? "advance proven" : "advance unproven";
    case "rollback":
      return `rollback ${decision.trigger.kind}`;
    case "hold":
      return `hold ${decision.question}`;
    default:
      return decision.do;
  }
}
