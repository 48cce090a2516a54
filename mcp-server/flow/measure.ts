import {
  type ArmVersions,
  createProber,
  createProbeSource,
  fillPlaceholders,
  type MetricSource,
  type Prober,
  probedArms,
  runJourneys,
  runSmoke,
} from "../evidence/index.ts";
import type { JourneysRun, SmokeRun } from "../judge/index.ts";
import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { storeEvidence } from "../record/evidence-store.ts";
import { redact } from "../record/redact.ts";
import { reachOf } from "../target/index.ts";
import { type Arm, canonicalJson, durationMs, type LiveState, type Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Track } from "./events.ts";
import type { Hands, StoredEvidence } from "./hands.ts";
import { openMetricSource } from "./metric-source.ts";
import type { Plan } from "./plan.ts";
import { probeJourneys } from "./probing.ts";
import { answerSuite, judgeStoredSuites } from "./production-suites.ts";
import type { Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import { lockHeld, makeReadinessCheck } from "./readiness-checks.ts";
import { type Recording, recordProduction } from "./recording.ts";
import { collectTests } from "./test-evidence.ts";

const LOAD_OUTPUT_CAP_BYTES = 64 * 1024;

/** What a run measures with, made from its plan. */
export function createHands(project: Project, run: Run): Hands {
  const { ports, paths } = project;
  const { plan } = run;
  const sources = new Map<Track, MetricSource>();
  const added = new Map<Track, AddedProbes>();
  const probeEnv = () => allowEnv((plan.journeys ?? []).flatMap(({ passEnv }) => passEnv));
  const newProber = () => createProber({ http: ports.http, clock: ports.clock, env: probeEnv() });
  const sourceOf = (versions: ArmVersions): MetricSource => {
    const { metrics, probes } = plan;
    if (!metrics) throw new Error("the plan judges no metrics");
    if (metrics.config.source !== "probes") {
      return openMetricSource(project, metrics.config, { versions, released: plan.version });
    }
    return createProbeSource({
      prober: newProber(),
      clock: ports.clock,
      versions,
      reach: reachOf(plan.target),
      journeys: () => probeJourneys(run.state()),
      ratePerSecond: probes?.ratePerSecond ?? 0,
      pollMs: plan.pollMs,
      recordForMs: probes?.recordForMs ?? 0,
    });
  };
  return {
    source: (track) => {
      if (!plan.metrics || (track === "staging" && plan.notApplicable["staging.metrics"])) return undefined;
      const known = sources.get(track);
      if (known) return known;
      const made = sourceOf(versionsOf(plan, track));
      sources.set(track, made);
      return made;
    },
    history: async (live: LiveState, version: Version, signal: AbortSignal): Promise<Recording | undefined> => {
      if (!plan.metrics) return undefined;
      const source = sourceOf({ baseline: version, candidate: plan.version });
      try {
        const { clock } = ports;
        return await recordProduction({
          state: run.state(),
          source,
          prober: newProber(),
          clock,
          live,
          version,
          signal,
        });
      } catch (error) {
        run.append({
          event: "notice",
          level: "warning",
          text: `no production baseline: ${quoted(error)}`,
        });
        return undefined;
      }
    },
    smoke: async (mode, baseUrls, version, signal): Promise<SmokeRun | undefined> => {
      if (!plan.smoke) return undefined;
      return runSmoke({
        config: plan.smoke,
        http: ports.http,
        clock: ports.clock,
        baseUrls,
        mode,
        version,
        signal,
        redact,
        depth: plan.depth,
        env: allowEnv(plan.smoke.passEnv),
      });
    },
    journeys: async (mode, baseUrls, version, signal): Promise<JourneysRun | undefined> => {
      if (!plan.journeys) return undefined;
      return runJourneys({
        journeys: plan.journeys,
        http: ports.http,
        clock: ports.clock,
        baseUrls,
        mode,
        version,
        signal,
        redact,
        depth: plan.depth,
        env: allowEnv(plan.journeys.flatMap(({ passEnv }) => passEnv)),
      });
    },
    probe: (track, live, ratePerSecond) => {
      if (ratePerSecond <= 0) return undefined;
      const own = added.get(track) ?? { prober: newProber(), told: { baseline: 0, candidate: 0 } };
      added.set(track, own);
      const arms = probedArms(live, versionsOf(plan, track), reachOf(plan.target));
      own.prober.keep(arms, probeJourneys(run.state()), ratePerSecond, GRANTED_POLLS * plan.pollMs);
      const { baseline, candidate } = own.prober.totals();
      const since = {
        baseline: baseline.requests - own.told.baseline,
        candidate: candidate.requests - own.told.candidate,
      };
      own.told = { baseline: baseline.requests, candidate: candidate.requests };
      return since;
    },
    restProbes: (track) => {
      sources.get(track)?.rest?.();
      added.get(track)?.prober.rest();
    },
    tests: (signal) => collectTests(project, run, signal),
    suite: (suite, at, signal) =>
      answerSuite(project, plan, suite, { ...at, ownership: run.state().ownerships }, signal),
    judgeSuites: (side, result) => judgeStoredSuites(project, paths.evidence, run.state(), side, result),
    load: (url, signal) => {
      const load = plan.staging?.config.load;
      if (!load) return undefined;
      const argv = load.command.map((part) =>
        fillPlaceholders(part, { url, version: plan.version }, "staging.load.command"),
      );
      return ports.exec
        .run(argv, {
          cwd: load.cwd ? `${project.root}/${load.cwd}` : project.root,
          env: { ...allowEnv([...BASE_ENV, ...load.passEnv]), ...load.env },
          timeoutMs: durationMs(load.timeout),
          outputCapBytes: LOAD_OUTPUT_CAP_BYTES,
          signal,
        })
        .then((exit) => {
          if (signal.aborted || exit.code === 0) return;
          const how = exit.timedOut ? "ran into its timeout" : `ended with code ${exit.code ?? exit.killedBy}`;
          throw new Error(`the load command ${how}: ${redact(exit.stderr.slice(-300))}`);
        });
    },
    readinessCheck: (check, signal) => makeReadinessCheck(project, run, check, signal),
    lock: () => lockHeld(project, run),
    storeJson: (name, value, version): StoredEvidence => {
      const bytes = Buffer.from(`${canonicalJson(value)}\n`);
      const { ref, file } = storeEvidence(
        { disk: ports.disk, dir: paths.evidence },
        { name, raw: bytes, stored: bytes, origin: "executed", version, at: ports.clock.wall() },
      );
      return { ref, file: file.slice(paths.evidence.length + 1) };
    },
  };
}

/** Probe traffic that stops of itself when so many polls are missed. */
const GRANTED_POLLS = 3;

/** Probe traffic beside scraped metrics, and how much of it the journal has been told. */
interface AddedProbes {
  readonly prober: Prober;
  told: Record<Arm, number>;
}

function versionsOf(plan: Plan, track: Track) {
  if (track === "post-rollback") return { baseline: undefined, candidate: plan.previous?.version ?? plan.version };
  return { baseline: plan.previous?.version, candidate: plan.version };
}
