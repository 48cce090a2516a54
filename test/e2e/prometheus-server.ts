import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, openTarget, type Project } from "../../mcp-server/flow/api.ts";

/** A real Prometheus is installed here. */
export const HAS_PROMETHEUS = spawnSync("prometheus", ["--version"]).status === 0;

/** Said wherever the tests with a real server are left out: a test that was not run is no test that passed. */
export const WITHOUT_PROMETHEUS = [
  "",
  "!!! SKIPPED: no program `prometheus` is installed, so nothing was deployed with a real Prometheus server.",
  "!!! next: apt-get install prometheus (as root; ./scripts/test.sh does it by itself), then run this test again",
  "",
].join("\n");

/** A Prometheus server that scrapes the instances of a project's production, as they come and go. */
export interface RealPrometheus {
  readonly url: string;
  /** Ends the server at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it, or starts it again with what it had stored. */
  start(): Promise<void>;
  /** Waits until a query has a result. */
  has(promql: string): Promise<void>;
  close(): Promise<void>;
}

const SCRAPE_EVERY = "400ms";

/** Reserves a port, writes a configuration with service discovery by file, and starts the server. */
export async function startPrometheus(): Promise<RealPrometheus & { follow(project: Project): void }> {
  const dir = mkdtempSync(join(tmpdir(), "deploy-flow-prometheus-"));
  mkdirSync(join(dir, "data"));
  writeFileSync(join(dir, "targets.json"), "[]");
  writeFileSync(
    join(dir, "prometheus.yml"),
    JSON.stringify({
      global: { scrape_interval: SCRAPE_EVERY, scrape_timeout: SCRAPE_EVERY },
      scrape_configs: [
        { job_name: "shop", file_sd_configs: [{ files: [join(dir, "targets.json")], refresh_interval: "1s" }] },
      ],
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const over = new AbortController();
  let child: ChildProcess | undefined;
  let following = Promise.resolve();

  const start = async () => {
    child = spawn(
      "prometheus",
      [
        `--config.file=${join(dir, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(dir, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      { stdio: "ignore" },
    );
    await until(async () => (await fetch(`${url}/-/ready`)).ok);
  };
  const kill = async () => {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    dying.kill("SIGKILL");
    await once(dying, "exit");
  };
  await start();
  return {
    url,
    start,
    kill,
    has: (promql) =>
      until(async () => {
        const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: promql })}`);
        const { data } = (await response.json()) as { data: { result: unknown[] } };
        return data.result.length > 0;
      }),
    follow: (project) => {
      following = follow(project, join(dir, "targets.json"), over.signal);
    },
    close: async () => {
      over.abort();
      await following;
      await kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Service discovery as platforms do it: whoever runs is a target, with its version as label. */
async function follow(project: Project, file: string, signal: AbortSignal): Promise<void> {
  const target = openTarget(project, loadConfig(project).config.target);
  let written = "[]";
  while (!signal.aborted) {
    // Between two configurations, or while the sandbox starts, nobody can be asked: what was known stays.
    const live = await target
      .observe("production", AbortSignal.any([signal, AbortSignal.timeout(5_000)]))
      .catch(() => undefined);
    const targets = (live?.instances ?? []).flatMap(({ url, version, state }) =>
      url && state !== "stopped" ? [{ targets: [new URL(url).host], labels: { version, env: "production" } }] : [],
    );
    const text = JSON.stringify(targets);
    if (live && text !== written) {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      written = text;
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

async function until(wanted: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await wanted().catch(() => false))) {
    if (performance.now() - started > 60_000) throw new Error("Prometheus did not get there within a minute");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
