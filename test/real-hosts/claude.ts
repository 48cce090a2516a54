import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Model } from "./model.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "dist/deploy-flow.mjs");

/** Binary of the host under test; scripts/test-hosts.mjs installs it and says where. */
export const CLAUDE = process.env.DEPLOY_FLOW_CLAUDE ?? "";

/** How the skill is there; `bare` is a home without it. */
export type Installation = "plugin" | "skills folder" | "plain" | "bare";

/** One event of the host's stream. */
export interface StreamEvent {
  readonly type: string;
  readonly subtype?: string;
  readonly result?: string;
  readonly is_error?: boolean;
  readonly permission_denials?: readonly { tool_name: string }[];
  readonly mcp_servers?: readonly { name: string; status: string }[];
  readonly agents?: readonly string[];
  readonly skills?: readonly string[];
  readonly tools?: readonly string[];
  readonly message?: { content?: unknown };
}

/** A home folder of its own, with the skill in it in one of three ways. */
export interface Home {
  readonly folder: string;
  /** Starts one conversation; resolves when it is over. */
  say(project: string, prompt: string, o?: { allowed?: readonly string[] }): Promise<StreamEvent[]>;
  /** The conversation under way, to be killed. */
  running(): ChildProcess | undefined;
  claude(...words: string[]): string;
  close(): void;
}

/** Makes a home. The plugin is used in place, the others are copied. */
export function makeHome(how: Installation, model: Model): Home {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-host-")));
  const skill = join(folder, ".claude/skills/flow-deploy-to-production");
  const env = {
    HOME: folder,
    PATH: process.env.PATH ?? "",
    TERM: "dumb",
    DISABLE_AUTOUPDATER: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: "dummy-loopback-key",
  };
  const claude = (...words: string[]) => execFileSync(CLAUDE, words, { cwd: folder, env, encoding: "utf8" });
  if (how === "skills folder") execFileSync(process.execPath, [PROGRAM, "install"], { env });
  if (how === "plain") {
    mkdirSync(skill, { recursive: true });
    for (const name of ["SKILL.md", "references"])
      cpSync(join(ROOT, "skill", name), join(skill, name), { recursive: true });
    cpSync(join(ROOT, "skill/agents"), join(folder, ".claude/agents"), { recursive: true });
    claude("mcp", "add", "--scope", "user", "deploy", "--", "node", PROGRAM, "serve");
  }
  let running: ChildProcess | undefined;
  return {
    folder,
    claude,
    running: () => running,
    say: (project, prompt, o = {}) => {
      const words = ["-p", prompt, "--output-format", "stream-json", "--verbose", "--max-turns", "60"];
      const allowed = o.allowed ?? [
        "Skill",
        "Agent",
        "Bash",
        "Write",
        "mcp__plugin_flow-deploy-to-production_deploy",
        "mcp__deploy",
      ];
      const place = how === "plugin" ? ["--plugin-dir", join(ROOT, "skill")] : [];
      const flags = [...place, "--permission-mode", "dontAsk", "--allowedTools", ...allowed];
      const child = spawn(CLAUDE, [...words, ...flags], { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
      running = child;
      return new Promise((resolve) => {
        const out: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => process.stderr.write(chunk));
        child.on("close", () => resolve(eventsOf(Buffer.concat(out).toString("utf8"))));
      });
    },
    close: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

function eventsOf(text: string): StreamEvent[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as StreamEvent];
    } catch {
      return [];
    }
  });
}

/** Files of a home that the host did not make itself. */
export function leftIn(folder: string): string[] {
  const skills = join(folder, ".claude/skills");
  return existsSync(skills) ? readdirSync(skills) : [];
}
