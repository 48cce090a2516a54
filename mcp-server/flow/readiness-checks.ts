import { type CheckWorld, type Finding, type MachineCheck, runCheck } from "../evidence/readiness/index.ts";
import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { confine } from "../record/confine.ts";
import { storeEvidence } from "../record/evidence-store.ts";
import { readLock } from "../record/lock.ts";
import { redact } from "../record/redact.ts";
import { canonicalJson } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { StoredEvidence } from "./hands.ts";
import type { Project } from "./project.ts";

/** Makes one check of the plan and keeps what it rests on. */
export async function makeReadinessCheck(
  project: Project,
  run: Run,
  check: MachineCheck,
  signal: AbortSignal,
): Promise<{ finding: Finding; stored: readonly StoredEvidence[] }> {
  const finding = await runCheck(check, worldOf(project, run), signal);
  const { disk, clock } = project.ports;
  const dir = project.paths.evidence;
  const stored = (finding.evidence ?? []).map(({ name, rawSha256, stored: value, origin }) => {
    const { ref, file } = storeEvidence(
      { disk, dir },
      {
        name,
        raw: rawSha256,
        stored: Buffer.from(`${canonicalJson(value)}\n`),
        origin,
        version: run.plan.version,
        at: clock.wall(),
      },
    );
    return { ref, file: file.slice(dir.length + 1) };
  });
  return { finding, stored };
}

/** Whether the lock file names this run and this ownership. */
export function lockHeld(project: Project, run: Run): { held: boolean; text: string } {
  const lock = readLock(project.ports.disk, project.paths.lock);
  const { runId, epoch } = run.fence();
  if (!lock) return { held: false, text: "there is no lock file" };
  const held = lock.runId === runId && lock.epoch === epoch;
  return { held, text: held ? `held by ${runId}, epoch ${epoch}` : `held by ${lock.runId}, epoch ${lock.epoch}` };
}

function worldOf({ ports, root }: Project, { plan, target }: Run): CheckWorld {
  return {
    clock: ports.clock,
    disk: ports.disk,
    exec: ports.exec,
    http: ports.http,
    root,
    inside: (path) => confine(ports.disk, root, path),
    env: (names) => allowEnv([...BASE_ENV, ...names]),
    redact,
    version: plan.version,
    previousVersion: plan.previous?.version ?? "none",
    digest: plan.digest,
    metricsPath: plan.metrics?.config.path,
    production: (signal) => target.observe("production", signal),
  };
}
