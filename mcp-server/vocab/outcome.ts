import { z } from "zod";

/** How a run ends. AWAITING_DECISION is a state, not an outcome. */
export const RunOutcome = z.enum([
  "SUCCESS",
  "SUCCESS_RISK_ACCEPTED",
  "UNPROVEN",
  "BLOCKED",
  "ABORTED",
  "ROLLED_BACK",
  "ROLLBACK_FAILED",
]);
export type RunOutcome = z.infer<typeof RunOutcome>;

/** Process exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  fail: 1,
  inconclusive: 2,
  blocked: 10,
  aborted: 11,
  awaitingDecision: 12,
  unproven: 13,
  rolledBack: 20,
  rollbackFailed: 30,
  usage: 64,
  unreadable: 65,
  internal: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of `run` for an outcome. */
export const OUTCOME_EXIT: Record<RunOutcome, ExitCode> = {
  SUCCESS: EXIT.ok,
  SUCCESS_RISK_ACCEPTED: EXIT.ok,
  UNPROVEN: EXIT.unproven,
  BLOCKED: EXIT.blocked,
  ABORTED: EXIT.aborted,
  ROLLED_BACK: EXIT.rolledBack,
  ROLLBACK_FAILED: EXIT.rollbackFailed,
};
