import { dirname, join, resolve } from "node:path";
import type { Disk } from "../../ports/disk.ts";
import { projectPaths } from "../../record/paths.ts";
import { findRoot } from "../root.ts";
import { type Denial, decide, type Files, type ToolCall } from "./decide.ts";
import { seeScript } from "./unwrap.ts";

const MAX_SCRIPT_BYTES = 256 * 1024;

/** What to answer to a hook's input; undefined lets the call pass. Throws on input that is none. */
export async function answer(input: string, disk: Disk, cwd: string): Promise<Denial | undefined> {
  const call = readCall(input, cwd);
  const root = governingRoot(call, disk);
  if (root === undefined) return undefined;
  // Most calls are made where nothing governs; only the others pay for reading the configuration.
  const { readGuardConfig } = await import("./config.ts");
  const isRunning = disk.stat(projectPaths(root).lock) !== undefined;
  return decide(call, { root, config: readGuardConfig(disk, root), isRunning }, filesOf(disk));
}

function readCall(input: string, cwd: string): ToolCall {
  const data = JSON.parse(input) as Record<string, unknown>;
  const { tool_name: tool, tool_input: given } = data;
  if (typeof tool !== "string" || typeof given !== "object" || given === null) {
    throw new Error("expected a PreToolUse event with tool_name and tool_input");
  }
  const { command, file_path: file, notebook_path: notebook } = given as Record<string, unknown>;
  const path = [file, notebook].find((one) => typeof one === "string") as string | undefined;
  return {
    tool,
    cwd: typeof data.cwd === "string" ? data.cwd : cwd,
    ...(typeof command === "string" ? { command } : {}),
    ...(path === undefined ? {} : { file: path }),
  };
}

/** The project that governs the call: above the folder it is made in, above the file it names, or where it goes to. */
function governingRoot(call: ToolCall, disk: Disk): string | undefined {
  const places = [call.cwd, ...(call.file === undefined ? [] : [dirname(resolve(call.cwd, call.file))])];
  if (call.command !== undefined && /\b(?:cd|pushd|-C)\b|deploy\.yaml|\.aiwg/.test(call.command)) {
    let folder = call.cwd;
    for (const next of seeScript(call.command).folders) {
      folder = resolve(folder, next);
      places.push(folder);
    }
  }
  return places
    .map((place) => findRoot(disk, undefined, place))
    .find((root) => disk.stat(join(root, "deploy.yaml")) !== undefined);
}

function filesOf(disk: Disk): Files {
  return {
    text(path) {
      try {
        const stat = disk.stat(disk.realpath(path));
        if (stat?.kind !== "file" || stat.size > MAX_SCRIPT_BYTES) return undefined;
        const text = disk.readText(path);
        return text.slice(0, 1_000).includes("\u0000") ? undefined : text;
      } catch {
        return undefined;
      }
    },
    real(path) {
      for (
        let [folder, rest] = [path, ""];
        ;
        [folder, rest] = [dirname(folder), join(folder.slice(dirname(folder).length), rest)]
      ) {
        try {
          return join(disk.realpath(folder), rest);
        } catch {
          if (folder === dirname(folder)) return path;
        }
      }
    },
  };
}

/** The hook's answer on standard output, in the form that Claude Code reads. */
export function denialJson({ what, next }: Denial): string {
  return JSON.stringify({
    hookSpecificOutput: {
      hookEventName: "PreToolUse",
      permissionDecision: "deny",
      permissionDecisionReason: `deploy-flow guard: ${what} is held back. Instead: ${next}.`,
    },
  });
}
