import type { Ports } from "../ports/index.ts";
import { type ProjectPaths, projectPaths } from "../record/paths.ts";
import { openCommandTarget, openSandbox, type SandboxConfig, type Target, type TargetConfig } from "../target/index.ts";
import { FlowError, sha256 } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { parseDeployConfig } from "./config-file.ts";
import { readConfigText } from "./config-read.ts";

/** A folder with a deploy.yaml: one service with one production. */
export interface Project {
  readonly root: string;
  readonly ports: Ports;
  readonly paths: ProjectPaths;
  /** Argument prefix that starts this program again, for the processes that outlive us. */
  readonly entry: readonly string[];
}

/** The project in a folder; the folder is resolved once so that every process names the same sockets and locks. */
export function openProject(o: { root: string; ports: Ports; entry: readonly string[] }): Project {
  let root: string;
  try {
    root = o.ports.disk.realpath(o.root);
  } catch (error) {
    throw new FlowError({
      code: "usage",
      what: "the project folder does not exist",
      found: o.root,
      next: "pass --project with the folder that holds deploy.yaml",
      cause: error,
    });
  }
  if (o.ports.disk.stat(root)?.kind === "file") {
    throw new FlowError({
      code: "usage",
      what: "the project is a file",
      expected: "the folder that holds deploy.yaml",
      found: o.root,
      next: "pass --project with the folder; --config names another file than its deploy.yaml",
    });
  }
  return { root, ports: o.ports, paths: projectPaths(root), entry: o.entry };
}

/** deploy.yaml as it stands now, with its digest. */
export function loadConfig(
  project: Project,
  file = project.paths.deployYaml,
): { config: DeployConfig; text: string; sha256: ReturnType<typeof sha256> } {
  const text = readConfigText(project.ports.disk, { root: project.root, file });
  return { config: parseDeployConfig(text, file), text, sha256: sha256(text) };
}

/** The sandbox's section of a deploy.yaml whose target is one; FlowError `usage` otherwise. */
export function sandboxSection({ target }: DeployConfig): SandboxConfig {
  if (target.kind === "sandbox") return target;
  throw new FlowError({
    code: "usage",
    what: "this project's target is no sandbox",
    found: target.kind,
    next: "start and stop what it runs with the tools of its platform",
  });
}

/** The hands that a target section names. */
export function openTarget(project: Project, config: TargetConfig): Target {
  switch (config.kind) {
    case "sandbox":
      return openSandbox({
        root: project.root,
        config,
        ports: project.ports,
        daemonArgv: [...project.entry, "sandbox-daemon", "--project", project.root],
      });
    case "command":
      return openCommandTarget({ root: project.root, config, ports: project.ports });
    default:
      return config satisfies never;
  }
}
