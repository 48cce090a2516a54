import type { Ms } from "../vocab/index.ts";
import { type Brief, briefsNow } from "./briefs/texts.ts";
import { statusOf } from "./looking.ts";
import type { Project } from "./project.ts";
import { readRun } from "./run-files.ts";
import type { RunStatus } from "./status.ts";

/** A run as it stands, with what agents are asked for at this point. */
export interface News {
  readonly status: RunStatus;
  readonly briefs: readonly Brief[];
  /** Something has changed since it was last told. */
  readonly isNews: boolean;
}

const TICK_MS: Ms = 500;

/** What was told last, by project: whoever waits is told of what has happened since. One process serves one agent. */
const told = new Map<string, string>();

/**
 * Where the run stands, at once when that is news, else as soon as it is or `waitMs` is over. Progress of a watch is no
 * news; a step, a question, a gate, a brief or the end is.
 */
export async function newsOf(project: Project, waitMs: Ms, signal: AbortSignal): Promise<News> {
  const { clock } = project.ports;
  const until = clock.mono() + waitMs;
  for (;;) {
    const status = await statusOf(project);
    const run = readRun(project);
    const briefs = run ? briefsNow(run.plan, run.state) : [];
    const now = fingerprint(status, briefs);
    const isOver = clock.mono() >= until || signal.aborted;
    const isNews = now !== told.get(project.root) || status.runner.restarted !== undefined || nothingToWaitFor(status);
    if (isOver || isNews) {
      told.set(project.root, now);
      return { status, briefs, isNews };
    }
    await clock.sleep(Math.min(TICK_MS, Math.max(1, until - clock.mono())), signal);
  }
}

function nothingToWaitFor({ state, archive }: RunStatus): boolean {
  return state === "none" || (state === "finished" && archive !== undefined);
}

function fingerprint(status: RunStatus, briefs: readonly Brief[]): string {
  const { runId, state, step, weightPct, question, gates, outcome, archive, latched } = status;
  const asked = question && [question.about, question.text];
  const ids = briefs.map(({ id }) => id);
  return JSON.stringify([runId, state, step, weightPct, asked, gates.length, outcome, archive, latched?.kind, ids]);
}
