import { homedir } from "node:os";
import { join, relative } from "node:path";
import { z } from "zod";
import { PROGRAM_VERSION } from "../../tools/version.ts";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { packageParts, SKILL, SKILL_FOLDERS } from "../install/package.ts";
import { install, installedVersion, type Placed, uninstall } from "../install/place.ts";
import { hostAdvice } from "../install/snippets.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";

/** Folders in which hosts look for skills. */
const FOLDERS = { claude: ".claude/skills", agents: ".agents/skills" } as const;

/** Every folder that the skill can be installed in, of this user and this project. */
export function skillFolders(project: string): string[] {
  return [...new Set([homedir(), project])].flatMap((base) =>
    Object.values(FOLDERS).flatMap((folder) => SKILL_FOLDERS.map((name) => join(base, folder, name))),
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
    const skills = skillsFolder(where, io);
    const parts = packageParts(disk, programFile(io), where.host, skills);
    const place = (isRehearsal: boolean) =>
      parts.map(({ folder, files }) => ({
        folder,
        placed: install(disk, files, { folder, isRehearsal }, PROGRAM_VERSION),
      }));
    // A folder that is somebody else's is met before anything is written.
    const rehearsed = place(true);
    const done = where.dryRun ? rehearsed : place(false);
    const folder = join(skills, SKILL);
    const advice = hostAdvice(where.host, join(folder, "dist/deploy-flow.mjs"));
    const text = [...done.map((one) => saidOf(one.placed, one.folder, where)), `\n${advice}`].join("\n");
    const files = done.flatMap((one) => withFolder(one, skills));
    writeResult(io.terminal, io.format, { folder, dryRun: where.dryRun, files, next: advice }, text);
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
    const { disk } = io.ports;
    const skills = skillsFolder(where, io);
    const main = join(skills, SKILL);
    const all = SKILL_FOLDERS.map((name) => join(skills, name));
    const folders = all.filter((folder) => folder === main || installedVersion(disk, folder) !== undefined);
    const done = folders.map((folder) => ({
      folder,
      placed: uninstall(disk, { folder, isRehearsal: where.dryRun }),
    }));
    const text = done.map((one) => saidOf(one.placed, one.folder, where)).join("\n");
    const files = done.flatMap((one) => withFolder(one, skills));
    writeResult(io.terminal, io.format, { folder: main, dryRun: where.dryRun, files }, text);
    return EXIT.ok;
  },
});

/** Files of the main folder by their path in it, those of the others with the folder before it. */
function withFolder({ folder, placed }: { folder: string; placed: readonly Placed[] }, skills: string): Placed[] {
  const name = relative(skills, folder);
  return placed.map((one) => (name === SKILL ? one : { ...one, path: join("..", name, one.path) }));
}

/** The folder in which the host looks for skills. */
function skillsFolder({ host, scope }: Where, io: CommandIo): string {
  const base = scope === "project" ? io.root : homedir();
  if (base === "" || io.ports.disk.stat(base) === undefined) {
    throw new FlowError({
      code: "usage",
      what: scope === "project" ? "the project folder does not exist" : "there is no home folder to install into",
      found: base,
      next: scope === "project" ? "pass --project with a folder" : "set HOME, or use --scope project",
    });
  }
  return join(base, FOLDERS[host]);
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
