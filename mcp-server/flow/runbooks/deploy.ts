import type { LiveState, StepKey } from "../../vocab/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";
import { productionGateOf } from "../gates.ts";
import type { Hands } from "../hands.ts";
import { planHash } from "../plan.ts";
import { quoted } from "../quoted.ts";
import { watchDuring } from "../watch.ts";
import { recordJourneys, recordSmoke } from "../watch-smoke.ts";
import { baseline } from "./baseline.ts";
import { blueGreen } from "./blue-green.ts";
import { canary } from "./canary.ts";
import { conditionChecks, lookAtConditions } from "./conditions.ts";
import { firstChange, refuseExpiredApproval } from "./first-change.ts";
import { refuseFrozenStart } from "./freeze.ts";
import { migrate } from "./migrations.ts";
import { readiness } from "./readiness.ts";
import { rolling } from "./rolling.ts";
import { backOnFailure, stageKey, watchStage } from "./stages.ts";
import { staging } from "./staging.ts";

/** How a deployment that was not rolled back ended. */
export interface Carried {
  readonly outcome: "SUCCESS" | "SUCCESS_RISK_ACCEPTED" | "UNPROVEN";
  readonly reasons: { code: string; text: string }[];
}

/** The whole way of a release into production. Throws RunStopped or RollbackLatched where it does not get there. */
export async function deploy(run: Run, hands: Hands): Promise<Carried> {
  await refuseFrozenStart(run);
  await run.step("readiness", () => readiness(run, hands));
  await run.step("staging", () => staging(run, hands));
  await run.step("approval", () => approval(run));
  await run.step("baseline", () => baseline(run, hands));
  await firstChange(run, hands);
  if (run.plan.migrations.length > 0) await run.step("migrations", () => migrate(run, "production"));
  await run.step("execute", () => execute(run, hands));
  return run.step("observe", () => observe(run, hands));
}

/** The strategy's runbook, up to all traffic on the new version. */
function execute(run: Run, hands: Hands): Promise<void> {
  switch (run.plan.strategy) {
    case "canary":
      return canary(run, hands);
    case "blue-green":
      return blueGreen(run, hands);
    case "rolling":
      return rolling(run, hands);
    default:
      return run.plan.strategy satisfies never;
  }
}

/** One approval is a person's, of this very plan, before the first production change. Nobody to ask means no. */
async function approval(run: Run): Promise<void> {
  const hash = planHash(run.plan);
  const state = run.state();
  if (!state.approval && run.plan.approvals.includes("none")) {
    run.append({
      event: "approval",
      decision: "approve",
      planHash: hash,
      way: "none",
      person: "nobody: the target is not production",
    });
  }
  if (!state.approval) {
    await run.ask(stepKey("approval", "plan"), {
      about: "approval",
      text: `Approve plan ${hash.slice(0, 12)}: ${run.plan.service} ${run.plan.version} to production`,
      options: ["approve", "reject"],
      deadlineMs: run.plan.waits.approvalMs,
      onExpiry: "abort",
    });
  }
  const given = run.state().approval;
  if (given?.decision === "approve" && given.planHash === hash) {
    if (!run.state().exposed) refuseExpiredApproval(run);
    return;
  }
  const text = given
    ? `the plan was not approved (${given.decision} by ${given.person})`
    : "nobody approved the plan before the deadline";
  throw new RunStopped({ outcome: "ABORTED", reasons: [{ code: "not-approved", text }] });
}

const NO_PROOF = { code: "no-proof", text: "neither metrics nor smoke checks prove that the new version is good" };

/** All traffic on the new version, watched for the planned time; then the production gate. */
async function observe(run: Run, hands: Hands): Promise<Carried> {
  const last = run.plan.stages.length - 1;
  const end = await watchStage(run, hands, last);
  if (conditionChecks(run).length > 0)
    await watchDuring(run, hands, stageKey(last), () => lookAtConditions(run, hands, "production"));
  await finalChecks(run, hands);
  const key = stepKey("production", "gate");
  if (!run.state().gates.has(key))
    run.append({ event: "gate", key, gate: productionGateOf(run.state(), stageKey(last)) });
  const gate = run.state().gates.get(key);
  const reasons = gate?.verdict.reasons ?? [];
  switch (gate?.verdict.outcome) {
    case "PASS":
      if (run.state().accepted) return { outcome: "SUCCESS_RISK_ACCEPTED", reasons };
      // A gate of which nearly everything is not applicable passes, but nothing was there to prove the version good.
      if (end.end === "served" && !end.proven) return { outcome: "UNPROVEN", reasons: [NO_PROOF, ...reasons] };
      return { outcome: "SUCCESS", reasons };
    case "FAIL":
      backOnFailure(run, gate);
      return { outcome: "SUCCESS_RISK_ACCEPTED", reasons };
    default:
      return { outcome: "UNPROVEN", reasons };
  }
}

/** The last word of the checks and journeys, at the entry that users have. */
async function finalChecks(run: Run, hands: Hands): Promise<void> {
  const { plan } = run;
  const watched = stageKey(plan.stages.length - 1);
  await lastCheck(run, stepKey("production", "smoke"), "smoke checks", {
    ask: async (live, signal) =>
      plan.smoke ? hands.smoke("production", [live.entryUrl], plan.version, signal) : undefined,
    record: (seen) => recordSmoke(run, hands, watched, seen),
    none: plan.smoke && { mode: "production", versionExpected: plan.version, results: [] },
  });
  if (!plan.journeys) return;
  await lastCheck(run, stepKey("production", "journeys"), "user journeys", {
    ask: async (live, signal) => hands.journeys("production", [live.entryUrl], plan.version, signal),
    record: (seen) => recordJourneys(run, hands, watched, seen),
    none: { mode: "production", versionExpected: plan.version, results: [] },
  });
}

const TRIES = 3;

interface LastCheck<T> {
  readonly ask: (live: LiveState, signal: AbortSignal) => Promise<T | undefined>;
  readonly record: (seen: T) => void;
  /** A run without a result; null where the plan has none of these checks. */
  readonly none: T | null;
}

/** Checks that cannot be run are missing evidence, which leaves a release unproven and never sends it back. */
async function lastCheck<T>(run: Run, key: StepKey, what: string, check: LastCheck<T>): Promise<void> {
  await run.act(
    key,
    { text: `${what} against production` },
    async (_fence, signal) => {
      if (check.none === null) return false;
      for (let left = TRIES; left > 0; left -= 1) {
        let seen: T | undefined;
        try {
          seen = await check.ask(await run.target.observe("production", signal), signal);
        } catch (error) {
          run.checkpoint();
          const text = `the last ${what} could not be run: ${quoted(error)}`;
          run.append({ event: "notice", level: "warning", text });
        }
        if (seen) {
          check.record(seen);
          return true;
        }
        if (left > 1) await run.clock.sleep(run.plan.pollMs, signal);
      }
      check.record(check.none);
      return true;
    },
    () => undefined,
  );
}
