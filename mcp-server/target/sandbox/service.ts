import { Pool as Connections } from "undici";
import { allowEnv, BASE_ENV, type ChildProcess, type Ports, type ProcessIdentity } from "../../ports/index.ts";
import { type Digest, durationMs, type Env, type Ms, messageOf, type Version } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { TargetError } from "../target.ts";
import { artifactFolder, folderDigest } from "./artifact.ts";
import type { LogFile } from "./log-file.ts";
import { OWNER_VARIABLE } from "./orphans.ts";
import { HOST } from "./proxy.ts";

export type ServicePorts = Pick<Ports, "clock" | "disk" | "http" | "httpServer" | "processes">;

/** What one instance runs. */
export interface ServiceSpec {
  readonly id: string;
  readonly env: Env;
  readonly version: Version;
  readonly digest: Digest;
  readonly root: string;
  readonly config: SandboxConfig;
}

/** How a process ended; `slow`: it was ended because it did not become ready in time. `sentence` says it for people. */
export interface Ending {
  readonly kind: "oom" | "crash" | "slow" | "port-taken";
  readonly sentence: string;
}

/** One running process of a service. */
export interface Service {
  readonly identity: ProcessIdentity | undefined;
  readonly url: string;
  readonly connections: Connections;
  /** Resolves when the process has ended and its output was read. */
  readonly ended: Promise<Ending>;
  /** Aborts at the same moment as `ended` begins: the process is gone. */
  readonly gone: AbortSignal;
  /** One health request: true for 200. */
  probe(): Promise<boolean>;
  residentBytes(): number | undefined;
  /** Ends it by force and lets `ended` say why. */
  kill(ending: Ending): void;
  /** Asks it to end, and forces it after `graceMs`. Resolves when it is gone. */
  terminate(graceMs: Ms): Promise<void>;
}

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Starts one process of a service, after checking that the artifact is still the one that was planned.
 * Throws {@link TargetError} when it is missing or has changed.
 */
export async function startService(
  spec: ServiceSpec,
  ports: ServicePorts,
  log: LogFile,
  signal: AbortSignal,
): Promise<Service> {
  const folder = artifactFolder(spec.root, spec.config, spec.version, ports.disk);
  const digest = await folderDigest(folder, ports.disk, signal);
  if (digest !== spec.digest) {
    throw new TargetError(
      `the artifact of version ${spec.version} has changed: ${spec.digest} was planned, ${digest} is there`,
      { retryable: false, next: "restore the planned artifact, or make a new plan for the changed one" },
    );
  }
  const port = await freePort(ports);
  signal.throwIfAborted();
  const child = spawnService(spec, folder, port, ports);
  return watchService(spec, child, port, ports, log);
}

function spawnService(spec: ServiceSpec, folder: string, port: number, ports: ServicePorts): ChildProcess {
  const argv = spec.config.command.map((part) =>
    part.replaceAll("{artifact}", folder).replaceAll("{version}", spec.version),
  );
  const env = {
    ...allowEnv(BASE_ENV),
    ...spec.config.env,
    PORT: String(port),
    HOST,
    VERSION: spec.version,
    DEPLOY_ENV: spec.env,
    INSTANCE_ID: spec.id,
    [OWNER_VARIABLE]: spec.root,
  };
  return ports.processes.spawnChild(argv, { cwd: folder, env });
}

function watchService(
  spec: ServiceSpec,
  child: ChildProcess,
  port: number,
  ports: ServicePorts,
  log: LogFile,
): Service {
  const url = `http://${HOST}:${port}`;
  const exited = new AbortController();
  const connections = new Connections(url, {
    pipelining: 1,
    connections: 1_024,
    // Shorter than any server keeps an idle connection; a longer time that the server announces is honoured.
    keepAliveTimeout: 1_000,
    connect: { timeout: 2_000 },
    bodyTimeout: 0,
  });
  let forced: Ending | undefined;
  log.startLife();
  child.stdout?.on("data", log.write);
  child.stderr?.on("data", log.write);
  const ended = new Promise<Ending>((resolve) => {
    const gone = (sentence: string) => {
      if (exited.signal.aborted) return;
      exited.abort();
      connections.destroy().catch(() => {});
      outputRead(child, ports).then(() => resolve(forced ?? endingOf(sentence, log.tail())));
    };
    child.once("error", (error) => gone(`could not be started: ${messageOf(error)}`));
    child.once("exit", (code, killedBy) => gone(killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`));
  });
  const identity = child.pid === undefined ? undefined : ports.processes.identify(child.pid);
  return {
    identity,
    url,
    connections,
    ended,
    gone: exited.signal,
    probe: () => answersHealthy(url + spec.config.healthPath, ports, exited.signal),
    residentBytes: () => (child.pid === undefined ? undefined : ports.processes.residentBytes(child.pid)),
    kill: (ending) => {
      forced ??= ending;
      child.kill("SIGKILL");
    },
    terminate: async (graceMs) => {
      if (exited.signal.aborted) return;
      child.kill("SIGTERM");
      await ports.clock.sleep(graceMs, exited.signal);
      if (!exited.signal.aborted) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The exit is known before the last output has arrived; a process of its own that keeps the pipe open is not waited for. */
async function outputRead(child: ChildProcess, ports: ServicePorts): Promise<void> {
  const read = new AbortController();
  child.once("close", () => read.abort());
  await ports.clock.sleep(200, read.signal);
}

function endingOf(sentence: string, tail: string): Ending {
  if (tail.includes("JavaScript heap out of memory"))
    return { kind: "oom", sentence: `ran out of heap memory and ${sentence}` };
  if (tail.includes("EADDRINUSE")) return { kind: "port-taken", sentence: `found its port taken and ${sentence}` };
  return { kind: "crash", sentence };
}

async function answersHealthy(url: string, ports: ServicePorts, signal: AbortSignal): Promise<boolean> {
  try {
    // A connection that stays open would keep servers that wait for idle ones from ending.
    const headers = { connection: "close" };
    const answer = await ports.http.send({ url, headers, timeoutMs: PROBE_TIMEOUT_MS, maxBytes: 64 * 1024, signal });
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. Somebody else may take it before the service does: then it is tried again with another. */
async function freePort(ports: ServicePorts): Promise<number> {
  const listener = await ports.httpServer.listen({ host: HOST, port: 0 }, (_request, response) => response.destroy());
  await listener.close(0);
  return listener.port;
}

/** Milliseconds that a process may take to become ready. */
export function startTimeoutMs(config: SandboxConfig): Ms {
  return durationMs(config.startTimeout);
}

/** Milliseconds for requests in flight, and again for the end of the process. */
export function drainTimeoutMs(config: SandboxConfig): Ms {
  return durationMs(config.drainTimeout);
}
