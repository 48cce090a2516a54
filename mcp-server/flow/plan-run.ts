import { resolve } from "node:path";
import { fillPlaceholders } from "../evidence/placeholders.ts";
import { loadBaseline } from "../record/baselines.ts";
import { confine } from "../record/confine.ts";
import { readHistory } from "../record/history.ts";
import {
  durationMs,
  FlowError,
  type Label,
  type LiveState,
  messageOf,
  type Sha256,
  sha256,
  type Version,
} from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { statedKeys, withLines } from "./config-file.ts";
import { makePlan } from "./make-plan.ts";
import type { RunParameters } from "./parameters.ts";
import { type Plan, type PresentedFile, planHash } from "./plan.ts";
import { loadConfig, openTarget, type Project } from "./project.ts";
import { adviceDocuments } from "./strategy/documents.ts";
import { orNoSuchVersion, orTargetFailure } from "./target-failure.ts";
import { reportPaths } from "./test-evidence.ts";
import { resolveParameters } from "./understanding/resolve.ts";

/** A plan with what a person approves and what the runner freezes beside it. */
export interface Planned {
  readonly plan: Plan;
  readonly planHash: Sha256;
  readonly configText: string;
  /** How long agents may take at a step, where a run asks them. */
  readonly adviceMs: number;
}

const LOOK_UP_MS = 30_000;
const PRODUCTION = "production" as Label;

/** Looks everything up and makes the plan. Changes nothing. */
export async function planRun(project: Project, parameters: RunParameters, configFile?: string): Promise<Planned> {
  const { config, text, sha256: configSha256 } = loadConfig(project, configFile);
  const stated = statedKeys(text);
  const file = configFile ?? project.paths.deployYaml;
  // What contradicts itself is refused before any platform is asked: asking the sandbox starts it.
  withLines(text, file, () => resolveParameters({ parameters, config, stated }));
  const target = openTarget(project, config.target);
  const signal = AbortSignal.timeout(LOOK_UP_MS);
  const digest = await orNoSuchVersion(target.resolve(parameters.version, signal), parameters.version);
  const live = await orTargetFailure(target.observe("production", signal));
  const plan = withLines(text, file, () =>
    makePlan({
      config,
      stated,
      configSha256,
      parameters,
      digest,
      live,
      routing: target.capabilities.routing,
      minWeightPct: target.capabilities.minWeightPct,
      parallelPools: target.capabilities.parallelPools,
      documents: adviceDocuments(project),
      production: target.capabilities.production,
      ...fromHistory(project),
      canMigrate: target.migrate !== undefined,
      forwardFixes: forwardFixes(project, config),
      testsBaseline: testsBaseline(project, config, live),
      testsCandidate: testsCandidate(project, config, parameters.version),
      ...signersOf(project, config),
    }),
  );
  return { plan, planHash: planHash(plan), configText: text, adviceMs: durationMs(config.waits.advice) };
}

/** The allowed signers file, read once: a later change of it does not change who may sign for this plan. */
function signersOf(project: Project, { approvals }: DeployConfig): { signers?: string } {
  if (!approvals.accept.includes("ssh-signature")) return {};
  const refused = (what: string, found: string, cause?: unknown) =>
    new FlowError({
      code: "config",
      what,
      expected: "the path of an allowed signers file: lines of `person key-type key`",
      found,
      where: { file: "deploy.yaml", key: "approvals.signers" },
      next: "name the file; docs/approvals.md shows how to make one",
      ...(cause === undefined ? {} : { cause }),
    });
  if (approvals.signers === undefined) throw refused("approvals by signature need to know whose count", "none");
  const file = resolve(project.root, approvals.signers);
  let text: string;
  try {
    text = project.ports.disk.readText(file);
  } catch (error) {
    throw refused("the allowed signers file cannot be read", messageOf(error), error);
  }
  const isSigner = (line: string) => /^[^#\s]\S*\s.*\b(ssh-|ecdsa-|sk-)\S+\s+\S+/.test(line.trim());
  if (!text.split("\n").some(isSigner)) throw refused("the allowed signers file names nobody", `${text.length} bytes`);
  return { signers: text };
}

/** Digests of the documents that migrations name; one that cannot be read is left out, which refuses the plan. */
function forwardFixes(project: Project, config: DeployConfig): Record<string, Sha256> {
  const { disk } = project.ports;
  const digests = config.migrations.flatMap(({ forwardFix }): [string, Sha256][] => {
    if (forwardFix === undefined) return [];
    try {
      return [[forwardFix, sha256(disk.read(confine(disk, project.root, forwardFix)))]];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(digests);
}

/** What finished runs of the project say of its schema and of going back. A line that cannot be read says nothing. */
function fromHistory({ ports, paths }: Project) {
  const { entries } = readHistory(ports.disk, paths.history);
  return {
    earlierRehearsals: entries.flatMap(({ rehearsal }) => (rehearsal ? [rehearsal] : [])),
    appliedMigrations: entries.flatMap(({ migrations }) => migrations ?? []),
  };
}

type TestsBaseline = NonNullable<Plan["tests"]>["baseline"];

/** The stored results of what runs in production now; else the report files that deploy.yaml names; else nothing. */
function testsBaseline(project: Project, config: DeployConfig, live: LiveState): TestsBaseline {
  if (!config.tests) return { from: "none", reason: "deploy.yaml has no tests section" };
  const serving = live.pools.find((pool) => pool.weightPct > 0);
  if (!serving) return { from: "none", reason: "first deployment" };
  const stored = loadBaseline({ disk: project.ports.disk, dir: project.paths.baselines }, PRODUCTION);
  const rows = stored?.record.parts.tests;
  if (stored && rows && stored.record.version === serving.version) {
    const flakiness = stored.record.parts.flakiness?.sha256;
    const { version } = stored.record;
    return { from: "label", label: PRODUCTION, version, sha256: rows.sha256, ...(flakiness ? { flakiness } : {}) };
  }
  const named = config.tests.baseline?.reports;
  if (!named)
    return { from: "none", reason: `no stored results of ${serving.version} and no tests.baseline in deploy.yaml` };
  const values = { previousVersion: serving.version };
  const patterns = named.map((pattern) => fillPlaceholders(pattern, values, "tests.baseline.reports"));
  return { from: "files", version: serving.version, files: presented(project, patterns) };
}

function testsCandidate(project: Project, config: DeployConfig, version: Version): PresentedFile[] {
  const candidate = config.tests?.candidate;
  if (!candidate || !("reports" in candidate)) return [];
  const patterns = candidate.reports.map((pattern) =>
    fillPlaceholders(pattern, { version }, "tests.candidate.reports"),
  );
  return presented(project, patterns);
}

/** Files with the digests that the plan binds: only these bytes may decide. */
function presented(project: Project, patterns: readonly string[]): PresentedFile[] {
  return reportPaths(project, patterns).map((path) => ({ path, sha256: sha256(project.ports.disk.read(path)) }));
}
