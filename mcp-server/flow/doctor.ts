import { dirname, join } from "node:path";
import type { MetricsConfig } from "../evidence/config.ts";
import { allowEnv, BASE_ENV, privatePath } from "../ports/index.ts";
import { FlowError, messageOf } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { askMetricsServer } from "./metric-source.ts";
import { loadConfig, type Project } from "./project.ts";

/** One thing that has to be as it should before a deployment works here. */
export interface DoctorCheck {
  readonly id: string;
  /** `warning`: some things will not work, deployments do. */
  readonly state: "ok" | "warning" | "problem";
  readonly found: string;
  /** What to do; only where the state is not ok. */
  readonly next?: string;
}

const OLDEST_NODE = [20, 19] as const;
const VERSION_LIMIT_MS = 10_000;

/** Looks at what deployments of this project need from the machine. Leaves nothing behind. */
export async function examine(project: Project, nodeVersion: string, signal: AbortSignal): Promise<DoctorCheck[]> {
  const { check, config } = readableConfig(project);
  return [
    nodeCheck(nodeVersion),
    writable(project, "project folder", () => project.root),
    writable(project, "private folder", () => dirname(privatePath(project.root, "doctor"))),
    check,
    await program(project, "git", "--version", "reports of a git revision cannot be read without it", signal),
    await sshKeygen(project, config, signal),
    ...(config ? await portChecks(project, config) : []),
    ...(config ? await programs(project, config, signal) : []),
    ...(config?.metrics ? await metricsServer(project, config.metrics, signal) : []),
  ];
}

/** Whether this Node.js is new enough; `version` as in `process.versions.node`. */
export function nodeCheck(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (isNew) return { id: "node", state: "ok", found: version };
  return { id: "node", state: "problem", found: version, next: `install Node.js ${OLDEST_NODE.join(".")} or newer` };
}

function readableConfig(project: Project): { check: DoctorCheck; config?: DeployConfig } {
  try {
    const { config } = loadConfig(project);
    return {
      check: { id: "deploy.yaml", state: "ok", found: `service ${config.service}, ${config.target.kind}` },
      config,
    };
  } catch (error) {
    const next = error instanceof FlowError ? error.next : "make it readable";
    return { check: { id: "deploy.yaml", state: "problem", found: messageOf(error), next } };
  }
}

function writable({ ports }: Project, id: string, folderOf: () => string): DoctorCheck {
  try {
    const folder = folderOf();
    const probe = join(folder, `.deploy-flow-doctor-${ports.ids.hex(4)}`);
    ports.disk.createExclusive(probe, "");
    ports.disk.remove(probe);
    return { id, state: "ok", found: `${folder} can be written` };
  } catch (error) {
    return { id, state: "problem", found: messageOf(error), next: "let this user write there" };
  }
}

async function program(
  { ports, root }: Project,
  name: string,
  flag: string,
  without: string,
  signal: AbortSignal,
): Promise<DoctorCheck> {
  try {
    const o = { cwd: root, env: allowEnv(BASE_ENV), timeoutMs: VERSION_LIMIT_MS, outputCapBytes: 1_000, signal };
    const exit = await ports.exec.run([name, flag], o);
    return { id: name, state: "ok", found: exit.stdout.split("\n")[0]?.slice(0, 80) || "there" };
  } catch (error) {
    return { id: name, state: "warning", found: messageOf(error), next: without };
  }
}

async function sshKeygen(
  project: Project,
  config: DeployConfig | undefined,
  signal: AbortSignal,
): Promise<DoctorCheck> {
  // Without a known flag it says how it is used, which shows that it is there.
  const found = await program(project, "ssh-keygen", "-?", "approvals by signature do not work without it", signal);
  const isNeeded = config?.approvals.accept.includes("ssh-signature") === true;
  if (found.state === "ok") return { ...found, found: "there" };
  return isNeeded
    ? { ...found, state: "problem", next: "install OpenSSH: approvals.accept names ssh-signature" }
    : found;
}

async function portChecks({ ports }: Project, { target }: DeployConfig): Promise<DoctorCheck[]> {
  if (target.kind !== "sandbox") return [];
  const fixed = Object.entries(target.environments).flatMap(([env, { port = 0 } = {}]) =>
    port === 0 ? [] : [{ env, port }],
  );
  return Promise.all(
    fixed.map(async ({ env, port }): Promise<DoctorCheck> => {
      const id = `port of ${env}`;
      try {
        const listener = await ports.httpServer.listen({ host: "127.0.0.1", port }, () => {});
        await listener.close(0);
        return { id, state: "ok", found: `${port} is free` };
      } catch (error) {
        const next = "fine when it is this project's own sandbox; else stop what listens there or choose another port";
        return { id, state: "warning", found: messageOf(error), next };
      }
    }),
  );
}

/** Where metrics come from a server, it has to answer, with the secret that is in the environment here. */
async function metricsServer(project: Project, config: MetricsConfig, signal: AbortSignal): Promise<DoctorCheck[]> {
  const id = "metrics server";
  try {
    const answer = await askMetricsServer(project, config, signal);
    if (answer === undefined) return [];
    if ("server" in answer) return [{ id, state: "ok", found: "it answers" }];
    return [{ id, state: "problem", found: answer.failure, next: "correct metrics.prometheus, or start the server" }];
  } catch (error) {
    const next = error instanceof FlowError ? error.next : "correct metrics.prometheus";
    return [{ id, state: "problem", found: messageOf(error), next }];
  }
}

/** The programs that deploy.yaml starts, by name; what has a path is the release's own and is not looked for. */
async function programs(project: Project, config: DeployConfig, signal: AbortSignal): Promise<DoctorCheck[]> {
  const { target, tests, staging } = config;
  const commands = [
    ...(target.kind === "sandbox"
      ? [target.command]
      : [target.resolve.command, target.observe.command, target.apply.command]),
    ...(tests && "command" in tests.candidate ? [tests.candidate.command] : []),
    ...(staging?.load ? [staging.load.command] : []),
  ];
  const names = [...new Set(commands.flatMap(([name]) => (name && /^[\w.-]+$/.test(name) ? [name] : [])))];
  return Promise.all(
    names.map(async (name): Promise<DoctorCheck> => {
      const found = await program(project, name, "--version", "", signal);
      if (found.state === "ok") return { ...found, id: `program ${name}` };
      return {
        ...found,
        id: `program ${name}`,
        state: "problem",
        next: "install it, or correct the command in deploy.yaml",
      };
    }),
  );
}
