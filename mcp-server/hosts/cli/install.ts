import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { PROGRAM_VERSION } from "../../tools/version.ts";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { packageFiles } from "../install/package.ts";
import { install, type Placed, uninstall } from "../install/place.ts";
import { hostAdvice } from "../install/snippets.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";

const SKILL = "flow-deploy-to-production";

/** Folders in which hosts look for skills. */
const FOLDERS = { claude: ".claude/skills", agents: ".agents/skills" } as const;

/** Every folder that the skill can be installed in, of this user and this project. */
export function skillFolders(project: string): string[] {
  return [...new Set([homedir(), project])].flatMap((base) =>
    Object.values(FOLDERS).map((folder) => join(base, folder, SKILL)),
  );
}

const Where = z.object({
  host: z
    .enum(["claude", "agents"])
    .default("claude")
    .describe("claude: Claude Code; agents: what Codex, Gemini CLI, opencode and others share"),
  scope: z.enum(["user", "project"]).default("user").describe("for all your projects, or for the project folder only"),
  dryRun: z.boolean().default(false).describe("say what would be done, change nothing"),
});
type Where = z.infer<typeof Where>;

/** Copies the skill with its server, agents and guard to where an agent host finds it. */
export const installCommand = defineCommand({
  name: "install",
  summary:
    "Copies the skill, the server, the agents and the guard to ~/.claude/skills (or ~/.agents/skills). Again is an upgrade; running deployments go on.",
  title: "Installs the skill for an agent host",
  input: Where,
  positionals: [],
  startsProject: true,
  run: async (where, io) => {
    const { disk } = io.ports;
    const files = packageFiles(disk, programFile(io)).filter(({ path }) => isFor(where.host, path));
    const folder = folderOf(where, io);
    const placed = install(disk, files, { folder, isRehearsal: where.dryRun }, PROGRAM_VERSION);
    const advice = hostAdvice(where.host, join(folder, "dist/deploy-flow.mjs"));
    const text = `${saidOf(placed, folder, where)}\n\n${advice}`;
    writeResult(io.terminal, io.format, { folder, dryRun: where.dryRun, files: placed, next: advice }, text);
    return EXIT.ok;
  },
});

/** Takes away what `install` brought, and nothing else. */
export const uninstallCommand = defineCommand({
  name: "uninstall",
  summary: "Removes what `install` copied and nothing else. Files that somebody changed stay and are named.",
  title: "Removes the installed skill",
  input: Where,
  positionals: [],
  startsProject: true,
  run: async (where, io) => {
    const folder = folderOf(where, io);
    const placed = uninstall(io.ports.disk, { folder, isRehearsal: where.dryRun });
    const text = saidOf(placed, folder, where);
    writeResult(io.terminal, io.format, { folder, dryRun: where.dryRun, files: placed }, text);
    return EXIT.ok;
  },
});

/** Hosts that know no plugins get what they can read. */
function isFor(host: Where["host"], path: string): boolean {
  return host === "claude" || /^(?:SKILL\.md$|LICENSE$|references\/|dist\/)/.test(path);
}

function folderOf({ host, scope }: Where, io: CommandIo): string {
  const base = scope === "project" ? io.root : homedir();
  if (base === "" || io.ports.disk.stat(base) === undefined) {
    throw new FlowError({
      code: "usage",
      what: scope === "project" ? "the project folder does not exist" : "there is no home folder to install into",
      found: base,
      next: scope === "project" ? "pass --project with a folder" : "set HOME, or use --scope project",
    });
  }
  return join(base, FOLDERS[host], SKILL);
}

function programFile(io: CommandIo): string {
  const [, program = ""] = process.argv;
  return io.ports.disk.realpath(program);
}

const WORDS: Record<Placed["state"], string> = {
  new: "new",
  changed: "replaced",
  same: "unchanged",
  removed: "removed",
  "kept-copy": "replaced; it had been changed by somebody, their version is NAME.saved",
  left: "left there: somebody changed it",
};

function saidOf(placed: readonly Placed[], folder: string, { dryRun }: Where): string {
  const counts = Object.entries(WORDS).flatMap(([state, words]) => {
    const found = placed.filter((one) => one.state === state);
    if (found.length === 0) return [];
    const names = state === "kept-copy" || state === "left" ? `: ${found.map(({ path }) => path).join(", ")}` : "";
    return [`  ${found.length} ${words}${names}`];
  });
  return [`${dryRun ? "Would write to" : "Written to"} ${folder}`, ...counts].join("\n");
}
