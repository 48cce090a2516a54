import type { Answer, CriterionId } from "../../judge/index.ts";
import type { Digest, Json, LiveState, Ms } from "../../vocab/index.ts";
import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { quoted } from "../quoted.ts";

/** An answer as a look gives it: who looked, and when, is added. */
export type Given = Pick<Answer, "status" | "text"> & Partial<Answer>;

/** One look at one criterion, as an act of its own. */
export async function ask(
  run: Run,
  round: number,
  o: { check: string; criterion: CriterionId; text: string },
  perform: (signal: AbortSignal) => Promise<Given>,
): Promise<void> {
  const key = stepKey("readiness", round, o.check);
  await run.act<Json>(
    key,
    { text: o.text },
    async (_fence, signal) => {
      const given = await perform(signal);
      const by = { kind: "runner", name: "deploy-flow" };
      const answer = {
        criterion: o.criterion,
        check: o.check,
        by,
        at: run.now(),
        accepted: [],
        evidence: [],
        ...given,
      };
      return JSON.parse(JSON.stringify(answer)) as Json;
    },
    () => undefined,
  );
}

/** What the run can see for itself: its lock, production, and both artifacts. */
export async function lookAtRun(run: Run, hands: Hands, round: number): Promise<void> {
  const { plan } = run;
  const look = (
    check: string,
    criterion: CriterionId,
    text: string,
    perform: (signal: AbortSignal) => Promise<Given>,
  ) => ask(run, round, { check, criterion, text: `readiness ${criterion}: ${text}` }, perform);
  await look("lock", "LOCK", "the lock of this project", async () => {
    const { held, text } = hands.lock();
    return { status: held ? "pass" : "fail", text };
  });
  await look("target", "ENV-1", "production", (signal) => environment(run, signal));
  await look("artifact", "ART-1", `the artifact of ${plan.version}`, (signal) => artifact(run, plan, signal));
  const { previous } = plan;
  if (previous)
    await look("previous", "RBK-1", `the way back to ${previous.version}`, (signal) => artifact(run, previous, signal));
}

const LOOK_MS: Ms = 30_000;
const BETWEEN_LOOKS_MS: Ms = 1_000;

/** Two looks: what restarts while one looks is in a crash loop. */
async function environment(run: Run, signal: AbortSignal): Promise<Given> {
  try {
    const before = await run.target.observe("production", limited(signal));
    await run.clock.sleep(BETWEEN_LOOKS_MS, signal);
    return healthOf(before, await run.target.observe("production", limited(signal)), run.plan.previous !== null);
  } catch (error) {
    run.checkpoint();
    signal.throwIfAborted();
    return { status: "unknown", text: `production could not be read: ${quoted(error)}` };
  }
}

/** The serving instances, and whether any of them came down between two looks. `isServed`: the plan knows of users. */
export function healthOf(before: LiveState, after: LiveState, isServed: boolean): Given {
  const serving = after.pools.filter(({ weightPct, instances }) => weightPct > 0 && instances > 0);
  if (serving.length === 0) {
    return isServed
      ? { status: "fail", text: "production answers, and nothing serves its users" }
      : { status: "pass", text: "production answers; nothing serves yet" };
  }
  const versions = new Set(serving.map(({ version }) => version));
  const own = ({ instances }: LiveState) =>
    instances.filter(({ version, state }) => versions.has(version) && state !== "stopped");
  const falls = (live: LiveState) => own(live).reduce((sum, one) => sum + one.restarts + one.crashes + one.oomKills, 0);
  const ready = own(after).filter(({ state }) => state === "ready").length;
  const wanted = serving.reduce((sum, { instances }) => sum + instances, 0);
  const fallen = falls(after) - falls(before);
  if (fallen > 0) return { status: "fail", text: "serving instances restart or crash while one looks" };
  return { status: ready < wanted ? "fail" : "pass", text: `${ready} of ${wanted} serving instances are ready` };
}

async function artifact(
  run: Run,
  planned: { version: Run["plan"]["version"]; digest: Digest },
  signal: AbortSignal,
): Promise<Given> {
  try {
    const found = await run.target.resolve(planned.version, limited(signal));
    const text =
      found === planned.digest
        ? `${planned.version} is ${found}`
        : `${planned.version} is ${found}, not ${planned.digest}`;
    return { status: found === planned.digest ? "pass" : "fail", text };
  } catch (error) {
    run.checkpoint();
    signal.throwIfAborted();
    return { status: "unknown", text: `${planned.version} could not be found: ${quoted(error)}` };
  }
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
}
