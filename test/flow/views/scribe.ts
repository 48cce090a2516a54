import { stringify } from "yaml";
import { parseDeployConfig, statedKeys } from "../../../mcp-server/flow/config-file.ts";
import { FlowEvent } from "../../../mcp-server/flow/events.ts";
import { makePlan } from "../../../mcp-server/flow/make-plan.ts";
import { RunParameters } from "../../../mcp-server/flow/parameters.ts";
import { type Plan, planHash } from "../../../mcp-server/flow/plan.ts";
import { emptyState, type RunState } from "../../../mcp-server/flow/run-state.ts";
import { applyEvent } from "../../../mcp-server/flow/state.ts";
import type { Stamped } from "../../../mcp-server/record/journal.ts";
import {
  type Actor,
  type Digest,
  digestOf,
  type EvidenceRef,
  type Instant,
  instantOf,
  type Pool,
  type Reason,
  type RunId,
  sha256,
  type Version,
} from "../../../mcp-server/vocab/index.ts";

export const RUN_ID = "dpl-20260301T120000Z-00000a" as RunId;

export const START = Date.parse("2026-03-01T12:00:00.000Z");

const RUNNER: Actor = { kind: "runner", name: "deploy-flow" };

export const OLD = "2.0.0" as Version;

export const NEW = "2.1.0" as Version;

/** A journal being written, with the state that the flow would have after it. */
export interface Scribe {
  readonly plan: Plan;
  readonly state: RunState;
  readonly events: Stamped<FlowEvent>[];
  /** Writes an event that happens so long after the one before. */
  add(event: unknown, afterMs?: number, actor?: Actor): Instant;
}

export interface PlanEdits {
  /** Nothing runs yet, and deploy.yaml has only what it must have. */
  readonly isFirst?: boolean;
  readonly config?: Record<string, unknown>;
  readonly parameters?: Record<string, unknown>;
}

/** The demo shop's sections with minutes in place of seconds. */
const SECTIONS = {
  canary: { stages: [20, 100], stageDuration: "2m", minRequests: 50 },
  observe: "12m",
  judge: { warmupPolls: 0 },
  metrics: { poll: "10s" },
  smoke: { checks: [{ id: "home", group: "health", priority: "P0", path: "/" }] },
  tests: { baseline: { reports: ["old.xml"] }, candidate: { reports: ["new.xml"] } },
  staging: { observe: "1m", rehearse: false, load: { command: ["load", "{url}"] } },
  waits: { rollbackVerify: "1m" },
};

/** A plan as the flow makes it. */
export function planOf(edits: PlanEdits = {}): Plan {
  const text = stringify({
    service: "shop",
    target: {
      kind: "sandbox",
      artifact: "releases/{version}",
      command: ["node", "server.mjs"],
      environments: { staging: {}, production: {} },
    },
    ...(edits.isFirst ? {} : SECTIONS),
    ...edits.config,
  });
  const old: Pool = { version: OLD, digest: digest(OLD), instances: 2, weightPct: 100 };
  return makePlan({
    config: parseDeployConfig(text, "deploy.yaml"),
    stated: statedKeys(text),
    configSha256: sha256(text),
    parameters: RunParameters.parse({ version: NEW, firstDeploy: edits.isFirst ?? false, ...edits.parameters }),
    digest: digest(NEW),
    live: {
      pools: edits.isFirst ? [] : [old],
      instances: [],
      measuredSharePct: {},
      measuredRequests: 0,
      entryUrl: "http://shop",
      readAt: instantOf(START),
    },
    routing: "per-request",
    minWeightPct: 1,
    parallelPools: true,
    documents: [],
    production: false,
    testsBaseline: { from: "files", version: OLD, files: [{ path: "old.xml", sha256: sha256("old") }] },
    testsCandidate: [{ path: "new.xml", sha256: sha256("new") }],
  });
}

export function digest(version: string): Digest {
  return digestOf(sha256(version));
}

/** When the last event happened. */
export function nowMs(s: Scribe): number {
  return Date.parse(s.events.at(-1)?.at ?? instantOf(START));
}

/** An open run. Every event goes through the schema of the journal. */
export function scribe(plan = planOf()): Scribe {
  const state = emptyState(plan);
  const events: Stamped<FlowEvent>[] = [];
  let now = START;
  const add: Scribe["add"] = (event, afterMs = 1_000, actor = RUNNER) => {
    now += afterMs;
    const prev = events.at(-1)?.hash ?? sha256("");
    const stamped: Stamped<FlowEvent> = {
      seq: events.length + 1,
      epoch: 1,
      at: instantOf(now),
      actor,
      event: FlowEvent.parse(JSON.parse(JSON.stringify(event))),
      prev,
      hash: sha256(`${prev}${JSON.stringify(event)}`),
    };
    events.push(stamped);
    applyEvent(state, stamped);
    return stamped.at;
  };
  add({ event: "run-opened", runId: RUN_ID, version: plan.version, planHash: planHash(plan), unattended: true }, 0);
  add({ event: "ownership", reason: "start", pid: 42, host: "builder" });
  return { plan, state, events, add };
}

export function reference(name: string, version: Version): EvidenceRef {
  const at = instantOf(START + 5_000);
  return {
    name,
    rawSha256: sha256(`raw ${name}`),
    storedSha256: sha256(`stored ${name}`),
    origin: "executed",
    version,
    at,
  };
}

/** An effect with its result. */
export function act(s: Scribe, key: string, intent: object, value: unknown = true): void {
  s.add({ event: "intent", key, intent });
  s.add({ event: "result", key, value }, 1_500);
}

export function pool(version: Version, weightPct: number, instances = 2): Pool {
  return { version, digest: digest(version), instances, weightPct };
}

export function end(s: Scribe, outcome: string, runningVersion: string | null, reasons: Reason[] = []): Scribe {
  s.add({ event: "outcome", outcome, reasons, runningVersion });
  return s;
}
