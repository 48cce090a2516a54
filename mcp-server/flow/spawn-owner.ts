import { join } from "node:path";
import { FlowError, messageOf } from "../vocab/index.ts";
import { ownerLives, ownRun, pingOwner } from "./owner.ts";
import type { Project } from "./project.ts";
import { readRun, StartOrder } from "./run-files.ts";

const READY_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** Body of the hidden command that is the detached runner. A refusal is left in a file for whoever started it. */
export async function runOwner(project: Project, o: { start?: string; resume?: boolean }): Promise<void> {
  const { disk } = project.ports;
  const order = o.start === undefined ? undefined : StartOrder.parse(JSON.parse(disk.readText(o.start)));
  const refused = o.start === undefined ? resumeRefused(project) : `${o.start}.refused`;
  let ready = false;
  try {
    await ownRun(project, {
      ...(order ? { start: order } : {}),
      onReady: () => {
        ready = true;
      },
    });
  } catch (error) {
    if (!ready) disk.writeAtomic(refused, JSON.stringify(refusalParts(error)));
    throw error;
  }
}

/** Where a runner that shall take a run up again leaves the reason why it cannot. */
export function resumeRefused(project: Project): string {
  return join(project.paths.deployment, "resume.refused");
}

function refusalParts(error: unknown): Record<string, unknown> {
  if (!(error instanceof FlowError)) return { code: "internal", what: messageOf(error), next: "see the runner's log" };
  const { code, what, expected, found, where, next } = error;
  return { code, what, expected, found, where, next };
}

/** Starts a detached runner and returns when it owns the run, or throws what it refused with. */
export async function spawnOwner(
  project: Project,
  args: string[],
  refusedFile: string,
  runId: string | undefined,
): Promise<void> {
  const { clock, disk, processes } = project.ports;
  const logFile = project.paths.runnerLog;
  disk.mkdir(project.paths.deployment);
  disk.remove(refusedFile);
  const env = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const pid = processes.spawnDetached([...project.entry, "runner", "--project", project.root, ...args], {
    cwd: project.root,
    env,
    logFile,
  });
  const started = clock.mono();
  while (clock.mono() - started < READY_WITHIN_MS) {
    const pong = await pingOwner(project, 1_000);
    if (pong && (runId === undefined || pong.runId === runId)) return;
    if (disk.stat(refusedFile)) {
      // Whoever was faster takes the run up as well as we would have.
      if (runId === undefined && ownerLives(project)) return;
      throw new FlowError(JSON.parse(disk.readText(refusedFile)));
    }
    if (!processes.identify(pid)) {
      // It may have ended because the run is over already, or because another runner was faster.
      if (disk.stat(refusedFile)) continue;
      const run = readRun(project);
      if (run?.archived && (runId === undefined || run.state.runId === runId)) return;
      if (runId === undefined && (await pingOwner(project))) return;
      break;
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  throw new FlowError({
    code: "internal",
    what: "the runner did not start",
    expected: `an answer within ${READY_WITHIN_MS / 1000} s`,
    found: lastLines(project, logFile),
    where: { file: logFile },
    next: "read the log, then try again",
  });
}

function lastLines(project: Project, file: string): string {
  try {
    return JSON.stringify(project.ports.disk.readText(file).trimEnd().split("\n").slice(-3).join(" | ").slice(-300));
  } catch {
    return "no log";
  }
}
