import { join } from "node:path";
import { stringify } from "yaml";
import { carry } from "../../mcp-server/flow/carry.ts";
import { parseDeployConfig, statedKeys } from "../../mcp-server/flow/config-file.ts";
import { openRun, type RunControl } from "../../mcp-server/flow/engine.ts";
import { FlowEvent, type Request } from "../../mcp-server/flow/events.ts";
import { makePlan } from "../../mcp-server/flow/make-plan.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { type Plan, planHash } from "../../mcp-server/flow/plan.ts";
import { openProject, type Project } from "../../mcp-server/flow/project.ts";
import { type Receipt, takeRequest } from "../../mcp-server/flow/requests.ts";
import type { RunState } from "../../mcp-server/flow/run-state.ts";
import { foldEvents } from "../../mcp-server/flow/state.ts";
import { reportPaths } from "../../mcp-server/flow/test-evidence.ts";
import { type Clock, type Disk, type Ports, realHttpServer } from "../../mcp-server/ports/index.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { type OpenJournal, openJournal, readJournal } from "../../mcp-server/record/journal-file.ts";
import { type Actor, type RunId, sha256 } from "../../mcp-server/vocab/index.ts";
import {
  type FakeClock,
  fakeClock,
  fakeExec,
  fakeHttp,
  fakeIds,
  fakeProcesses,
  type MemoryDisk,
  memoryDisk,
} from "../fakes/index.ts";
import { fakeHands, type Senses, wellSenses } from "./fake-hands.ts";
import { type FakePlatform, fakePlatform, whole } from "./fake-platform.ts";
import { currentDisk, type Death, mortality } from "./mortality.ts";

export const OLD = "1.0.0";
export const NEW = "2.0.0";
export const RUN_ID = "dpl-20260301T120000Z-00000a" as RunId;
const RUNNER: Actor = { kind: "runner", name: "deploy-flow" };
const PERSON: Actor = { kind: "person", name: "ada" };
const ROOT = "/shop";

type Section = Record<string, unknown>;

/** deploy.yaml of the fake world: a minute where a real service takes ten. */
export function configText(edits: Section = {}): string {
  return stringify({
    service: "shop",
    target: {
      kind: "sandbox",
      artifact: "releases/{version}",
      command: ["node", "server.mjs"],
      environments: { staging: {}, production: {} },
    },
    canary: { stages: [20, 100], stageDuration: "60s", minRequests: 50 },
    observe: "60s",
    judge: { warmupPolls: 0 },
    metrics: { poll: "20s" },
    smoke: { checks: [{ id: "home", group: "health", priority: "P0", path: "/" }] },
    tests: {
      baseline: { reports: ["reports/{previousVersion}.xml"] },
      candidate: { reports: ["reports/{version}.xml"] },
    },
    waits: { rollbackVerify: "60s" },
    ...edits,
  });
}

/** What a power failure leaves of the unsynced end of a file. */
const TORN_BYTES = 7;

/** How one process went: it died, failed with an error, or carried the run to its archive. */
export interface Life {
  readonly ended: "died" | "failed" | "archived";
  readonly error?: unknown;
  readonly appends: number;
  readonly calls: number;
  readonly writes: number;
}

export interface FakeWorld {
  readonly clock: FakeClock;
  readonly platform: FakePlatform;
  readonly senses: Senses;
  readonly project: Project;
  readonly plan: Plan;
  disk(): MemoryDisk;
  /** One process owns the run until it ends, dies or fails. The first opens it, later ones take it up. */
  live(death?: Death): Promise<Life>;
  /** Calls `act` once, soon after the first event that matches; across processes. */
  when(matches: (stamped: Stamped<FlowEvent>) => boolean, act: () => void | Promise<void>): void;
  /** A person's request. While nobody owns the run, or when the owner dies over it, it waits in an inbox. */
  ask(request: Request, id?: string): Receipt | undefined;
  events(): readonly Stamped<FlowEvent>[];
  state(): RunState;
}

export interface WorldOptions {
  readonly config?: Section;
  readonly parameters?: Section;
  readonly unattended?: boolean;
  readonly production?: boolean;
  readonly routing?: "per-request" | "by-replica";
  /** The platform keeps a lock of its own, which wants to be given back. */
  readonly locks?: boolean;
  /** Of the ten tests of the new version so many fail. */
  readonly failingTests?: number;
  /** Version in production before the run; undefined: nothing. */
  readonly serving?: string | undefined;
}

/** A whole project, platform and person, in memory and in fake time. */
export function fakeWorld(o: WorldOptions = {}): FakeWorld {
  const text = configText(o.config);
  const clock = fakeClock();
  const platform = fakePlatform(clock, { production: o.production, locks: o.locks });
  const senses = wellSenses();
  let disk = memoryDisk({
    [join(ROOT, "deploy.yaml")]: text,
    [join(ROOT, `reports/${OLD}.xml`)]: report(10),
    [join(ROOT, `reports/${NEW}.xml`)]: report(10, o.failingTests),
  });
  let crashed: () => void = () => {};
  const project = projectOn(
    currentDisk(
      () => disk,
      () => crashed(),
    ),
    clock,
  );
  const serving = "serving" in o ? o.serving : OLD;
  if (serving !== undefined)
    platform.place("production", whole(platform, serving, parseDeployConfig(text, "deploy.yaml").instances));
  const plan = planOf(project, platform, text, o);
  disk.mkdir(project.paths.evidence);
  disk.mkdir(project.paths.deployment);
  disk.writeAtomic(project.paths.plan, JSON.stringify(plan));
  disk.writeAtomic(project.paths.planSource, text);

  const hooks: { matches: (stamped: Stamped<FlowEvent>) => boolean; act: () => void | Promise<void> }[] = [];
  const inbox: { id: string; request: Request }[] = [];
  let asked = 0;
  let owner: RunControl | undefined;
  let epoch = 0;

  const hand = (entry: { id: string; request: Request }): Receipt | undefined => {
    if (!owner) return undefined;
    const receipt = takeRequest(owner, entry.id, entry.request, PERSON);
    inbox.splice(inbox.indexOf(entry), 1);
    return receipt;
  };
  const notify = (stamped: Stamped<FlowEvent>) => {
    for (const hook of hooks.filter(({ matches }) => matches(stamped))) {
      hooks.splice(hooks.indexOf(hook), 1);
      setImmediate(() => void hook.act());
    }
  };

  const world: FakeWorld = {
    clock,
    platform,
    senses,
    project,
    plan,
    disk: () => disk,
    when: (matches, act) => {
      hooks.push({ matches, act });
    },
    ask: (request, id) => {
      asked += 1;
      const entry = { id: id ?? `req-${asked}`, request };
      inbox.push(entry);
      try {
        return hand(entry);
      } catch {
        return undefined; // The owner died over it; the client leaves it in the inbox.
      }
    },
    events: () => readJournal(disk, project.paths.journal, FlowEvent).events,
    state: () => foldEvents(plan, world.events()),
    live: async (death) => {
      epoch += 1;
      const mortal = mortality(clock, death);
      crashed = mortal.die;
      const before = disk.operations();
      if (death?.at === "disk" || death?.at === "disk-and-power") disk.faults.crashAt = before + death.n;
      let opened: OpenJournal<FlowEvent> | undefined;
      const life = async () => {
        const journal = openJournal({
          disk: project.ports.disk,
          clock: mortal.clock,
          path: project.paths.journal,
          schema: FlowEvent,
          epoch,
          durable: (event) => event.event !== "poll" && event.event !== "waited",
        });
        const first = journal.events().length === 0;
        opened = journal;
        const run = openRun({
          plan,
          clock: mortal.clock,
          target: mortal.target(platform.target),
          journal: { ...journal, append: (event, actor) => mortal.append(() => journal.append(event, actor)) },
          fence: { runId: RUN_ID, epoch },
          actor: RUNNER,
          onEvent: notify,
        });
        owner = run;
        for (const stamped of journal.events()) notify(stamped);
        announce(run, first, o.unattended ?? false);
        for (const entry of [...inbox]) hand(entry);
        const living = { ...project, ports: { ...project.ports, clock: mortal.clock } };
        await carry(living, run, fakeHands({ project: living, run, platform, senses, clock: mortal.clock }));
      };
      const counts = () => ({
        appends: mortal.appends(),
        calls: mortal.calls(),
        writes: disk.operations() - before,
      });
      try {
        const ended = await clock.runUntil(
          Promise.race([life().then(() => "archived" as const, mortal.orElseThrow), mortal.died]),
          7 * 86_400_000,
        );
        return { ended, ...counts() };
      } catch (error) {
        return { ended: "failed", error, ...counts() };
      } finally {
        owner = undefined;
        mortal.end();
        opened?.close();
        if (disk.crashed()) disk = disk.restart(death?.at === "disk" ? "kill" : "power", TORN_BYTES);
      }
    },
  };
  return world;
}

function report(tests: number, failing = 0): string {
  const cases = Array.from({ length: tests }, (_, index) => {
    const outcome = index < failing ? '<failure message="wrong total"/>' : "";
    return `<testcase classname="shop" name="case ${index + 1}" time="0.01">${outcome}</testcase>`;
  });
  return `<testsuites><testsuite name="shop" tests="${tests}" failures="${failing}">${cases.join("")}</testsuite></testsuites>`;
}

/** The project on a disk, for a process that sees this clock. */
export function projectOn(disk: Disk, clock: Clock): Project {
  const ports: Ports = {
    clock,
    disk,
    ids: fakeIds(),
    exec: fakeExec(),
    processes: fakeProcesses(),
    http: fakeHttp(),
    httpServer: realHttpServer,
    sockets: {
      serve: () => Promise.reject(new Error("no sockets in this world")),
      call: () => Promise.reject(Object.assign(new Error("nobody listens"), { code: "ENOENT" })),
    },
  };
  return openProject({ root: ROOT, ports, entry: ["node", "entry.mjs"] });
}

function planOf(project: Project, platform: FakePlatform, text: string, o: WorldOptions): Plan {
  const config = parseDeployConfig(text, "deploy.yaml");
  const parameters = RunParameters.parse({ version: NEW, ...o.parameters });
  const serving = platform.pools("production").find((pool) => pool.weightPct > 0);
  const { disk } = project.ports;
  const digested = (patterns: readonly string[]) =>
    reportPaths(
      project,
      patterns.map((pattern) => pattern.replace("{previousVersion}", OLD).replace("{version}", NEW)),
    ).map((path) => ({ path, sha256: sha256(disk.read(path)) }));
  const { baseline, candidate } = config.tests ?? {};
  return makePlan({
    config,
    stated: statedKeys(text),
    configSha256: sha256(text),
    parameters,
    digest: platform.digest(parameters.version),
    live: {
      pools: [...platform.pools("production")],
      instances: [],
      measuredSharePct: {},
      measuredRequests: 0,
      entryUrl: "http://entry.test",
      readAt: project.ports.clock.wall(),
    },
    routing: o.routing ?? "per-request",
    minWeightPct: 1,
    parallelPools: true,
    documents: [],
    production: o.production ?? false,
    canMigrate: true,
    forwardFixes: { "docs/fix.md": sha256("put the column back") },
    testsBaseline:
      baseline && serving
        ? { from: "files", version: serving.version, files: digested(baseline.reports) }
        : { from: "none", reason: "none configured" },
    testsCandidate: candidate && "reports" in candidate ? digested(candidate.reports) : [],
  });
}

/** The first events of an ownership, as the owner of a run writes them. */
function announce(run: RunControl, first: boolean, unattended: boolean): void {
  const { version } = run.plan;
  if (run.events().length === 0) {
    run.appendAs({ event: "run-opened", runId: RUN_ID, version, planHash: planHash(run.plan), unattended }, PERSON);
  }
  run.append({ event: "ownership", reason: first ? "start" : "resume", pid: 100, host: "host-a" });
  const state = run.state();
  if (!first && run.plan.onOrphan === "rollback" && state.exposed && !state.latched && !state.outcome) {
    run.latch({ kind: "orphan", reasons: [{ code: "orphan", text: "the runner was lost" }] });
  }
}
