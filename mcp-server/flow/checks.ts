import { runJourneys, runSmoke } from "../evidence/index.ts";
import { readNormalised } from "../evidence/tests/stored.ts";
import { type BareVerdict, type JourneysRun, judgeJourneys, judgeSmoke, type SmokeRun } from "../judge/index.ts";
import { allowEnv } from "../ports/index.ts";
import type { SmokeGroupRow } from "../record/artifact-kinds/parts.ts";
import { type BaselineRecord, loadBaseline, saveBaseline } from "../record/baselines.ts";
import { acquireLock, releaseLock } from "../record/lock.ts";
import { redact } from "../record/redact.ts";
import {
  type Env,
  FlowError,
  type Json,
  type Label,
  type LiveState,
  type RunId,
  type Version,
} from "../vocab/index.ts";
import { problemsOfEvidence } from "./evidence-problems.ts";
import { nextFlakyRecord } from "./flaky-record.ts";
import { openMetricSource } from "./metric-source.ts";
import { pingOwner } from "./owner.ts";
import { loadConfig, openTarget, type Project } from "./project.ts";
import { readRun } from "./run-files.ts";
import { orNoSuchVersion, orTargetFailure } from "./target-failure.ts";
import { readTestFiles } from "./test-evidence.ts";
import { groupRows } from "./views/smoke.ts";

/** The one version that an environment serves. */
function servingVersion(live: LiveState, env: Env): Version {
  const serving = live.pools.filter((pool) => pool.weightPct > 0 && pool.instances > 0);
  const [only] = serving;
  if (only && serving.length === 1) return only.version;
  throw new FlowError({
    code: "conflict",
    what: `${env} does not serve exactly one version`,
    found: serving.map((pool) => `${pool.version} ${pool.weightPct} %`).join(", ") || "none",
    next: "wait until the rollout has ended, or name the report files with --from",
  });
}

/** Result of `smoke-test`. */
export interface SmokeTested {
  readonly env: Env;
  readonly version: Version;
  /** Null where the section is not configured; at least one of the two is there. */
  readonly smoke: { readonly run: SmokeRun; readonly verdict: BareVerdict } | null;
  /** Passed and total per group of smoke checks. */
  readonly groups: readonly SmokeGroupRow[];
  readonly journeys: { readonly run: JourneysRun; readonly verdict: BareVerdict } | null;
}

/** Runs the configured smoke checks and user journeys against what an environment serves now. Needs no run. */
export async function smokeTest(
  project: Project,
  o: { env: Env; signal: AbortSignal; onProgress?: (text: string, done: number, of: number) => void },
): Promise<SmokeTested> {
  const { config } = loadConfig(project);
  problemsOfEvidence(config);
  if (!config.smoke && !config.journeys) {
    throw new FlowError({
      code: "config",
      what: "no smoke checks or journeys are configured",
      where: { file: project.paths.deployYaml, key: "smoke" },
      next: "add a smoke section with at least one check",
    });
  }
  const live = await orTargetFailure(openTarget(project, config.target).observe(o.env, o.signal));
  const version = servingVersion(live, o.env);
  const { http, clock } = project.ports;
  const asked = { http, clock, baseUrls: [live.entryUrl], mode: o.env, version, signal: o.signal, redact };
  const checks = config.smoke?.checks.length ?? 0;
  const of = checks + (config.journeys?.length ?? 0);
  const smoke =
    config.smoke &&
    (await runSmoke({
      ...asked,
      config: config.smoke,
      env: allowEnv(config.smoke.passEnv),
      onProgress: (result, done) => o.onProgress?.(`${result.id}: ${result.outcome}`, done, of),
    }));
  const journeys =
    config.journeys &&
    (await runJourneys({
      ...asked,
      journeys: config.journeys,
      env: allowEnv(config.journeys.flatMap(({ passEnv }) => passEnv)),
      onProgress: (result, done) => o.onProgress?.(`journey ${result.id}: ${result.outcome}`, checks + done, of),
    }));
  return {
    env: o.env,
    version,
    smoke: smoke ? { run: smoke, verdict: judgeSmoke(smoke) } : null,
    groups: smoke ? groupRows(smoke) : [],
    journeys: journeys ? { run: journeys, verdict: judgeJourneys(journeys) } : null,
  };
}

/**
 * Stores a baseline under a label: the results of report files, or what production's metrics say of the version that
 * it serves now.
 */
export async function captureBaseline(
  project: Project,
  o: { label: Label; from?: readonly string[]; version?: Version; signal: AbortSignal },
): Promise<BaselineRecord> {
  const place = { disk: project.ports.disk, dir: project.paths.baselines };
  const at = project.ports.clock.wall();
  if (o.from && o.from.length > 0) {
    const version = o.version ?? ("unversioned" as Version);
    const { stored, ref } = await readTestFiles(project, o.from, {
      name: "tests/baseline",
      version,
      origin: "presented",
    });
    const flakiness = nextFlakyRecord(loadBaseline(place, o.label), await readNormalised(stored));
    return saveBaseline(place, o.label, {
      version,
      at,
      tests: { stored, ref },
      ...(flakiness === undefined ? {} : { flakiness }),
    });
  }
  const { config } = loadConfig(project);
  if (!config.metrics) {
    throw new FlowError({
      code: "config",
      what: "there are no metrics to capture",
      where: { file: project.paths.deployYaml, key: "metrics" },
      next: "add a metrics section, or name report files with --from",
    });
  }
  const live = await orTargetFailure(openTarget(project, config.target).observe("production", o.signal));
  const version = servingVersion(live, "production");
  problemsOfEvidence(config);
  const versions = { baseline: version, candidate: undefined };
  const source = openMetricSource(project, config.metrics, { versions, released: undefined });
  const history = await source.history(live, o.signal);
  return saveBaseline(place, o.label, { version, at, metrics: JSON.parse(JSON.stringify(history)) as Json });
}

/**
 * Puts a version into the sandbox's production without a deployment, as the state of the world that demonstrations
 * and tests begin with. Refused for every target with real users, and while a run is under way.
 */
export async function seedSandbox(project: Project, version: Version, signal: AbortSignal): Promise<LiveState> {
  const { config } = loadConfig(project);
  const target = openTarget(project, config.target);
  if (target.capabilities.production || target.kind !== "sandbox") {
    throw new FlowError({
      code: "refused",
      what: "only a sandbox without real users can be seeded",
      next: "deploy the version with `deploy-flow run`",
    });
  }
  const run = readRun(project);
  if (run && !run.archived) {
    throw new FlowError({
      code: "conflict",
      what: "a run is under way in this project",
      found: `run ${run.state.runId ?? "unknown"} of version ${run.plan.version}`,
      next: "wait until it has ended",
    });
  }
  const { disk, processes, ids, clock } = project.ports;
  const stamp = clock
    .wall()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "Z");
  const lock = await acquireLock({
    disk,
    processes,
    ids,
    path: project.paths.lock,
    runId: `dpl-${stamp}-${ids.hex(3)}` as RunId,
    socketAnswers: async () => (await pingOwner(project)) !== undefined,
  });
  try {
    const digest = await orNoSuchVersion(target.resolve(version, signal), version);
    const pools = [{ version, digest, instances: config.instances, weightPct: 100 }];
    return await orTargetFailure(target.apply("production", pools, { runId: lock.runId, epoch: lock.epoch }, signal));
  } finally {
    releaseLock(disk, project.paths.lock, lock);
  }
}
