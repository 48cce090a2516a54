import { capabilitiesOf } from "../../target/index.ts";
import type { Pool } from "../../vocab/index.ts";
import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import type { Plan } from "../plan.ts";
import { quoted } from "../quoted.ts";
import { REHEARSAL } from "../rehearsal-record.ts";
import { recordSmoke } from "../watch-smoke.ts";
import { applyPools } from "./apply.ts";
import { isOfTheRun, migrate } from "./migrations.ts";
import { poolsReached } from "./pools.ts";

/**
 * Going back, tried in staging with what production will use: the old version alone, the migrations under it, the new
 * version, back again, and proof that the old version serves well on the schema as it is then. The deployment to
 * staging that follows is the second one. A failure is a finding for the staging gate, which goes on to the rest.
 */
export async function rehearse(run: Run, hands: Hands): Promise<void> {
  const { previous, rehearsal } = run.plan;
  if (!rehearsal.planned || !previous || run.state().results.has(REHEARSAL.end)) return;
  let error: string | null = null;
  try {
    await thereAndBack(run, hands, previous);
  } catch (thrown) {
    if (isOfTheRun(thrown)) throw thrown;
    error = quoted(thrown);
  }
  await run.act(
    stepKey(REHEARSAL.end),
    { text: "rehearsal: over" },
    async () => ({ error }),
    () => undefined,
  );
}

async function thereAndBack(run: Run, hands: Hands, previous: NonNullable<Plan["previous"]>): Promise<void> {
  const { version } = run.plan;
  const { alone, deployed, back } = poolsOf(run.plan, previous);
  const put = (key: string, pools: Pool[], text: string) =>
    applyPools(run, stepKey(key), { env: "staging", pools, text: `rehearsal: ${text}` });
  await put(REHEARSAL.before, alone, `${previous.version} alone in staging`);
  await migrate(run, "staging");
  await put(REHEARSAL.deploy, deployed, `deploy ${version} to staging`);
  await put(REHEARSAL.back, back, `go back to ${previous.version}`);
  await verify(run, hands, previous, back);
  await put(REHEARSAL.scale, alone, `stop ${version} in staging`);
}

/** As in production: traffic moves between pools that both run, or, where instances are replaced in place, with them. */
function poolsOf(plan: Plan, previous: NonNullable<Plan["previous"]>) {
  const old = { ...previous, instances: 1 };
  const candidate = { version: plan.version, digest: plan.digest, instances: 1 };
  const alone: Pool[] = [{ ...old, weightPct: 100 }];
  if (plan.strategy === "rolling" || capabilitiesOf(plan.target).routing === "by-replica")
    return { alone, deployed: [{ ...candidate, weightPct: 100 }], back: alone };
  return {
    alone,
    deployed: [
      { ...old, weightPct: 0 },
      { ...candidate, weightPct: 100 },
    ],
    back: [
      { ...old, weightPct: 100 },
      { ...candidate, weightPct: 0 },
    ],
  };
}

async function verify(run: Run, hands: Hands, previous: NonNullable<Plan["previous"]>, back: Pool[]): Promise<void> {
  const key = stepKey(REHEARSAL.verify);
  await run.act(
    key,
    { text: `rehearsal: is ${previous.version} back and well` },
    async (_fence, signal) => {
      const live = await run.target.observe("staging", signal);
      const isBack = poolsReached(back, live);
      const seen = isBack ? await hands.smoke("staging", [live.entryUrl], previous.version, signal) : undefined;
      if (seen) recordSmoke(run, hands, key, seen);
      return { isBack };
    },
    () => undefined,
  );
}
