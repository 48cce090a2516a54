import { reachOf } from "../../target/index.ts";
import { addressesOf, type LiveState } from "../../vocab/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";
import { stagingGateOf } from "../gates.ts";
import type { Hands } from "../hands.ts";
import type { Plan } from "../plan.ts";
import { quoted } from "../quoted.ts";
import { watch } from "../watch.ts";
import { applyPools } from "./apply.ts";
import { migrate } from "./migrations.ts";
import { rehearse } from "./rehearsal.ts";

const WATCH = stepKey("staging", "watch");
const GATE = stepKey("staging", "gate");

/**
 * The staging regression gate: going back is rehearsed where the plan says so; the new version runs in staging, beside the old one where there is one, under the
 * configured load; its tests run; its smoke checks run. Anything but PASS blocks, with production untouched.
 */
export async function staging(run: Run, hands: Hands): Promise<void> {
  const { plan } = run;
  // Two versions that only share an entry cannot be told apart there.
  const toldApart = reachOf(plan.target) !== "entry";
  const side =
    plan.previous && (plan.staging?.config.load || plan.probes?.stagingLoad) && toldApart ? plan.previous : undefined;
  if (plan.staging) {
    await rehearse(run, hands);
    // Done already where going back was rehearsed.
    await migrate(run, "staging");
    const candidate = { version: plan.version, digest: plan.digest, instances: 1 };
    await applyPools(run, stepKey("staging", "deploy"), {
      env: "staging",
      pools: side
        ? [
            { ...side, instances: 1, weightPct: 50 },
            { ...candidate, weightPct: 50 },
          ]
        : [{ ...candidate, weightPct: 100 }],
      text: side ? `deploy ${plan.version} to staging beside ${side.version}` : `deploy ${plan.version} to staging`,
    });
  }
  await runTests(run, hands);
  if (plan.staging) await observeStaging(run, hands, plan.staging.observeMs, side !== undefined);
  if (!run.state().gates.has(GATE)) run.append({ event: "gate", key: GATE, gate: stagingGateOf(run.state(), GATE) });
  const gate = run.state().gates.get(GATE);
  if (gate?.verdict.outcome !== "PASS") {
    throw new RunStopped({ outcome: "BLOCKED", reasons: gate?.verdict.reasons ?? [] });
  }
  if (!side) return;
  await applyPools(run, stepKey("staging", "settle"), {
    env: "staging",
    pools: [{ version: plan.version, digest: plan.digest, instances: 1, weightPct: 100 }],
    text: `leave ${plan.version} in staging`,
  });
}

async function runTests(run: Run, hands: Hands): Promise<void> {
  if (!run.plan.tests) return;
  const key = stepKey("staging", "tests");
  await run.act(
    key,
    { text: `tests of ${run.plan.version}` },
    async (_fence, signal) => {
      const evidence = await hands.tests(signal);
      for (const { ref, file } of evidence.stored) run.append({ event: "evidence", key, ref, file });
      return JSON.parse(JSON.stringify({ verdict: evidence.verdict, check: evidence.check }));
    },
    () => undefined,
  );
}

async function observeStaging(run: Run, hands: Hands, plannedMs: number, sideBySide: boolean): Promise<void> {
  const { plan } = run;
  const over = new AbortController();
  const live = await run.target.observe("staging", AbortSignal.any([AbortSignal.timeout(30_000), run.interrupted]));
  const load = hands.load(live.entryUrl, AbortSignal.any([over.signal, run.interrupted]))?.catch((error: unknown) => {
    run.append({ event: "notice", level: "warning", text: `the staging load failed: ${quoted(error)}` });
  });
  load?.catch(() => {}); // awaited below
  try {
    await watch(
      run,
      hands,
      WATCH,
      {
        track: "staging",
        text: `watch ${plan.version} in staging`,
        weightPct: sideBySide ? 50 : 100,
        plannedMs,
        extensionMs: 0,
        minRequests: 0,
        frozen: false,
        final: false,
      },
      { mode: "staging", baseUrls: (seen) => askedIn(seen, plan) },
    );
  } finally {
    over.abort();
    await load;
  }
}

/** The new version's own addresses, or the entry of staging where it is alone there. */
function askedIn(live: LiveState, { version, target }: Plan): string[] {
  const own = addressesOf(live, version, reachOf(target));
  return own.length > 0 ? own : addressesOf(live, version, "entry");
}
