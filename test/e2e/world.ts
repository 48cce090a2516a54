import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { loadConfig, openProject, openTarget, type Project, seedSandbox, statusOf } from "../../mcp-server/flow/api.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { FlowEvent as FlowEventSchema } from "../../mcp-server/flow/events.ts";
import type { RunStatus } from "../../mcp-server/flow/status.ts";
import { realPorts, socketPath } from "../../mcp-server/ports/index.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { readJournal } from "../../mcp-server/record/journal-file.ts";
import { readLock } from "../../mcp-server/record/lock.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";
import { type Load, startLoad } from "../../scripts/demo/open-loop.mjs";

export const BUNDLE = join(import.meta.dirname, "../../dist/deploy-flow.mjs");

/** A project with the demo shop, a running sandbox that serves 1.9.0, and load on it. */
export interface World {
  readonly project: Project;
  readonly load: Load;
  /** The active or last run's events. */
  events(): readonly Stamped<FlowEvent>[];
  /** Waits until the run has ended and is archived; the runner is started again when it is dead. */
  ended(): Promise<RunStatus>;
  close(): Promise<void>;
}

export type Edit = readonly [path: readonly (string | number)[], value: unknown];

/** Times of an end-to-end test: a second where the demo takes several. */
const FAST: readonly Edit[] = [
  [
    ["canary", "stages"],
    [50, 100],
  ],
  [["canary", "stageDuration"], "600ms"],
  [["canary", "minRequests"], 5],
  [["observe"], "800ms"],
  [["metrics", "poll"], "150ms"],
  [["judge", "warmupPolls"], 0],
  // A short watch sees few requests: only a worsening of this size can be excluded in it.
  [["triggers", "errorRatePp"], 20],
  [["smoke", "confirmAfter"], "100ms"],
  [["waits", "rollbackVerify"], "500ms"],
  [["waits", "advice"], "200ms"],
  [["waits", "decisionUnattended"], "3s"],
  [["staging"], undefined],
  // Running the shop's suite takes longer than all the rest: the reports of an earlier run are presented instead.
  [["tests", "candidate"], { reports: ["reports/{version}.xml"] }],
];

let prepared: string | undefined;

/** Releases are generated once per test process and copied. */
function releases(): string {
  if (prepared) return prepared;
  const dir = mkdtempSync(join(process.env.DEPLOY_FLOW_TEST_TMP ?? tmpdir(), "deploy-flow-releases-"));
  const names = ["3.0.0", "3.0.1"].flatMap((name) => ["--healthy", name]);
  execFileSync(process.execPath, [join(import.meta.dirname, "../../scripts/demo/make-releases.mjs"), dir, ...names]);
  for (const version of ["2.0.0", "2.2.0", "3.0.0", "3.0.1"]) {
    cpSync(join(dir, "reports/1.9.0.xml"), join(dir, `reports/${version}.xml`));
  }
  // Twelve of its tests fail, so the suite's exit code is not zero.
  spawnSync(process.execPath, [
    join(dir, "run-suite.mjs"),
    join(dir, "releases/2.1.0"),
    join(dir, "reports/2.1.0.xml"),
  ]);
  prepared = dir;
  return dir;
}

export interface WorldOptions {
  /** Change deploy.yaml after the fast times were put in. */
  readonly edits?: readonly Edit[];
  readonly rate?: number;
  readonly seconds?: number;
  readonly entry?: readonly string[];
  /** Done to the project before anything runs in it. */
  readonly prepare?: (root: string) => void;
  /** The version that serves before the first run; null: none, and the load finds nobody until a run exposes one. */
  readonly first?: string | null;
}

/** Makes a world. */
export async function makeWorld(o: WorldOptions = {}): Promise<World> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-e2e-")));
  cpSync(releases(), root, { recursive: true });
  editConfig(root, [...FAST, ...(o.edits ?? [])]);
  o.prepare?.(root);
  const ports = realPorts();
  const project = openProject({ root, ports, entry: o.entry ?? [process.execPath, BUNDLE] });
  const load = startLoad({
    url: o.first === null ? await reservedUrl(root) : await seeded(project, o.first ?? "1.9.0"),
    rate: o.rate ?? 100,
    seconds: o.seconds ?? 600,
    mix: { login: 10, search: 60, checkout: 30 },
  });
  const events = () => readJournal(ports.disk, project.paths.journal, FlowEventSchema).events;
  return {
    project,
    load,
    events,
    ended: () => ended(project),
    close: async () => {
      load.stop();
      await load.done;
      await ports.sockets.call(socketPath(root, "sandbox"), { op: "shutdown" }, 10_000).catch(() => {});
      const owner = readLock(ports.disk, project.paths.lock);
      if (owner) ports.processes.kill(owner.pid, "SIGKILL");
      rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

async function seeded(project: Project, version: string): Promise<string> {
  return (await seedSandbox(project, version as Version, AbortSignal.timeout(30_000))).entryUrl;
}

/** Fixes the port of production, so that the load can knock before anybody is there. */
async function reservedUrl(root: string): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  editConfig(root, [[["target", "environments", "production", "port"], port]]);
  return `http://127.0.0.1:${port}`;
}

/** Sets or removes keys of the project's deploy.yaml, keeping its comments. */
export function editConfig(root: string, edits: readonly Edit[]): void {
  const file = join(root, "deploy.yaml");
  const document = parseDocument(readFileSync(file, "utf8"));
  for (const [path, value] of edits) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, value);
  }
  writeFileSync(file, String(document));
}

async function ended(project: Project): Promise<RunStatus> {
  for (;;) {
    const status = await statusOf(project);
    if (status.state === "finished" && project.ports.disk.stat(project.paths.archivedMark)) return status;
    await project.ports.clock.sleep(100);
  }
}

/** What production serves, read back. */
export async function servingNow(project: Project) {
  return (await liveNow(project)).pools;
}

/** The instances in production, read back. */
export async function instancesNow(project: Project) {
  return (await liveNow(project)).instances;
}

function liveNow(project: Project) {
  const { config } = loadConfig(project);
  return openTarget(project, config.target).observe("production", AbortSignal.timeout(10_000));
}
