import { type FreezeState, freezeAt, freezeText } from "../../judge/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";

/** Before anything is changed anywhere: a run that starts in a freeze ends here. */
export async function refuseFrozenStart(run: Run): Promise<void> {
  await refuseFrozen(run, "start");
}

/**
 * Right before production is changed for the first time, by the wall clock, because the approval may have come days
 * after the start. Each owner asks anew.
 */
export async function refuseFrozenChange(run: Run): Promise<void> {
  await refuseFrozen(run, `change-${run.fence().epoch}`);
}

async function refuseFrozen(run: Run, when: string): Promise<void> {
  const { freeze } = run.plan;
  if (freeze.freeze.length === 0 && freeze.windows.length === 0) return;
  const state: FreezeState = await run.act(
    stepKey("freeze", when),
    { text: "look whether a freeze is in force" },
    async () => {
      const found = freezeAt(freeze, run.now());
      if (found.state === "frozen" && freeze.override !== null) {
        run.append({ event: "notice", level: "warning", text: `${freezeText(found)}, overridden: ${freeze.override}` });
      }
      return found;
    },
    () => undefined,
  );
  if (state.state === "free" || freeze.override !== null) return;
  throw new RunStopped({ outcome: "BLOCKED", reasons: [{ code: "frozen", text: freezeText(state) }] });
}
