import { fileURLToPath } from "node:url";
import type { Project } from "../flow/project.ts";
import type { Role } from "../flow/roles.ts";
import type { Ports } from "../ports/index.ts";
import type { ToolIo } from "../tools/tool.ts";
import type { Actor } from "../vocab/index.ts";

/** What a door knows of a call. */
export interface CallOf {
  readonly root: string;
  readonly cwd: string;
  readonly ports: Ports;
  readonly actor: Actor;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
  readonly role?: Role;
  readonly readable: (path: string) => string;
  readonly progress?: (done: number, total: number | undefined, text: string) => void;
  readonly confirm?: ToolIo["confirm"];
}

/** Argument prefix that starts this very program again. */
export function entryOf(moduleUrl: string): readonly string[] {
  return [process.execPath, fileURLToPath(moduleUrl)];
}

/** The surroundings of one tool call. */
export function toolIo(call: CallOf): ToolIo {
  let project: Promise<Project> | undefined;
  return {
    root: call.root,
    cwd: call.cwd,
    ports: call.ports,
    project: () => {
      project ??= openLazily(call.root, call.ports);
      return project;
    },
    signal: call.signal,
    progress: call.progress ?? (() => {}),
    actor: call.actor,
    interactive: call.interactive,
    ...(call.role === undefined ? {} : { role: call.role }),
    now: () => call.ports.clock.wall(),
    readable: call.readable,
    confirm: call.confirm ?? (async () => undefined),
  };
}

/** Opens a project. The flow and all below it are loaded only now: most checks do without. */
export async function openLazily(root: string, ports: Ports): Promise<Project> {
  const { openProject } = await import("../flow/project.ts");
  return openProject({ root, ports, entry: entryOf(import.meta.url) });
}
