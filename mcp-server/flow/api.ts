import { join } from "node:path";
import { readHeld } from "../record/held.ts";
import type { Stamped } from "../record/journal.ts";
import { type Actor, FlowError, type RunId } from "../vocab/index.ts";
import type { FlowEvent } from "./events.ts";
import { refuseMissingSecrets } from "./metric-source.ts";
import { ownRun } from "./owner.ts";
import type { RunParameters } from "./parameters.ts";
import { type Planned, planRun } from "./plan-run.ts";
import type { Project } from "./project.ts";
import { readRun, type StartOrder } from "./run-files.ts";
import { spawnOwner } from "./spawn-owner.ts";
import { type RunStatus, statusView } from "./status.ts";

export { captureBaseline, type SmokeTested, seedSandbox, smokeTest } from "./checks.ts";
export { followRun, sendRequest, statusOf } from "./looking.ts";
export { type Planned, planRun } from "./plan-run.ts";
export { loadConfig, openProject, openTarget, type Project } from "./project.ts";
export { runOwner } from "./spawn-owner.ts";
export type { RunStatus, StatusState } from "./status.ts";
export { type VerifyResult, verifyArchive } from "./verify.ts";

export interface StartOptions {
  /** Nobody watches: questions wait only for the unattended deadline. */
  readonly unattended: boolean;
  readonly actor: Actor;
  readonly configFile?: string;
}

function orderOf(project: Project, planned: Planned, parameters: RunParameters, o: StartOptions): StartOrder {
  const stamp = project.ports.clock
    .wall()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "Z");
  return {
    runId: `dpl-${stamp}-${project.ports.ids.hex(3)}` as RunId,
    plan: planned.plan,
    configText: planned.configText,
    configFile: o.configFile ?? project.paths.deployYaml,
    unattended: o.unattended,
    // Only an agent can launch agents; whoever starts a run in a terminal or a job waits for none.
    adviceMs: o.actor.kind === "agent" && planned.plan.depth !== "minimal" ? planned.adviceMs : 0,
    actor: o.actor,
    ...(parameters.approve ? { approve: parameters.approve } : {}),
  };
}

/** Starts a detached runner for a new run and returns when it owns the run. It goes on when we end. */
export async function startRun(
  project: Project,
  parameters: RunParameters,
  o: StartOptions,
): Promise<{ runId: RunId } & Planned> {
  refuseWhileBusy(project);
  const planned = await planRun(project, parameters, o.configFile);
  refuseMissingSecrets(project, planned.plan.metrics?.config);
  const order = orderOf(project, planned, parameters, o);
  const { disk } = project.ports;
  const file = join(project.paths.deployment, `start-${order.runId}.json`);
  disk.mkdir(project.paths.deployment);
  disk.writeAtomic(file, JSON.stringify(order));
  try {
    await spawnOwner(project, ["--start", file], `${file}.refused`, order.runId);
  } finally {
    disk.remove(file);
    disk.remove(`${file}.refused`);
  }
  return { runId: order.runId, ...planned };
}

/** This process owns the run until it has ended: for CI jobs. Returns the final status. */
export async function runHere(
  project: Project,
  parameters: RunParameters,
  o: StartOptions & {
    onEvent: (stamped: Stamped<FlowEvent>) => void;
    onPlan?: (planned: Planned) => void;
    signal: AbortSignal;
  },
): Promise<RunStatus> {
  refuseWhileBusy(project);
  const planned = await planRun(project, parameters, o.configFile);
  refuseMissingSecrets(project, planned.plan.metrics?.config);
  o.onPlan?.(planned);
  const state = await ownRun(project, {
    start: orderOf(project, planned, parameters, o),
    onEvent: o.onEvent,
    signal: o.signal,
  });
  return statusView(state, { alive: false }, project.ports.clock.wall());
}

/** Fails early and clearly; the lock decides the race that this look cannot see. */
function refuseWhileBusy(project: Project): void {
  const held = readHeld(project.ports.disk, project.paths.lock);
  if (held) {
    throw new FlowError({
      code: "conflict",
      what: "a failed rollback holds this project",
      found: `run ${held.runId}: ${held.reason}`,
      where: { file: `${project.paths.lock}.held` },
      next: "bring production into a known state, then a person runs `deploy-flow release-lock --reason ...`",
    });
  }
  const run = readRun(project);
  if (!run || run.archived) return;
  throw new FlowError({
    code: "conflict",
    what: "a run is under way in this project",
    found: `run ${run.state.runId ?? "unknown"} of version ${run.plan.version}`,
    where: { file: project.paths.journal },
    next: "`deploy-flow status` shows it; `deploy-flow deploy-decide abort --reason ...` stops it",
  });
}
