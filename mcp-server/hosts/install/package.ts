import { basename, join, relative } from "node:path";
import type { Disk } from "../../ports/index.ts";
import { FlowError } from "../../vocab/index.ts";

/** The two bundled programs, as they lie in the installed folder. */
const PROGRAMS = ["dist/deploy-flow.mjs", "dist/guard.mjs"] as const;

/** The main skill, which is a plugin as well where a host knows plugins. */
export const SKILL = "flow-deploy-to-production";

/** Skills that come along: inside the plugin, or as folders of their own for hosts that know skills only. */
const COMPANIONS = ["regression-check", "gate-check"] as const;

/** Every folder that an installation can write to, below a folder of skills. */
export const SKILL_FOLDERS = [SKILL, ...COMPANIONS];

export type Host = "claude" | "agents";

/** Files that go to one folder, which has its own list of what was installed. */
export interface Part {
  readonly folder: string;
  readonly files: readonly PackageFile[];
}

/** Name of the list of installed files; not itself installed. */
export const MANIFEST = ".installed.json";

/** One file to be installed: where it goes, below the skill's folder, and what it holds. */
export interface PackageFile {
  readonly path: string;
  readonly from: string;
  readonly mode: number;
}

/**
 * What is to be installed below a host's folder of skills. Hosts that know no plugins get what they can read: no agents
 * and no guard, and each skill in a folder of its own. FlowError `unreadable` when the program lies without its files.
 */
export function packageParts(disk: Disk, program: string, host: Host, skills: string): Part[] {
  const files = packageFiles(disk, program);
  const folder = join(skills, SKILL);
  if (host === "claude") {
    if (!files.some(({ path }) => path === "hooks/hooks.json")) throw lacking(program, "the guard and the agents");
    return [{ folder, files }];
  }
  const read = files.filter(({ path }) => /^(?:SKILL\.md$|LICENSE$|references\/|dist\/)/.test(path));
  return [
    { folder, files: read },
    ...COMPANIONS.map((name) => ({ folder: join(skills, name), files: companionFiles(disk, files, program, name) })),
  ];
}

/** A companion lies inside the repository's skill, and beside it where it was installed for such a host. */
function companionFiles(disk: Disk, files: readonly PackageFile[], program: string, name: string): PackageFile[] {
  const inside = `skills/${name}/`;
  const found = files.filter(({ path }) => path.startsWith(inside));
  if (found.length > 0) return found.map((file) => ({ ...file, path: file.path.slice(inside.length) }));
  const from = join(program, "../../..", name, "SKILL.md");
  if (disk.stat(from) === undefined) throw lacking(program, `the skill ${name}`);
  return [{ path: "SKILL.md", from, mode: 0o644 }];
}

function lacking(program: string, what: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: `this copy of the program was installed without ${what}`,
    where: { file: program },
    next: "run scripts/install.sh in a clone of the repository",
  });
}

/**
 * The files of the skill. `program` is the running bundle: it lies in `dist/` of the repository or the npm package,
 * beside `skill/`, or in `dist/` of an installed skill.
 */
function packageFiles(disk: Disk, program: string): PackageFile[] {
  const home = join(program, "../..");
  const skill = disk.stat(join(home, "SKILL.md")) ? home : join(home, "skill");
  if (basename(program) !== "deploy-flow.mjs" || !disk.stat(join(skill, "SKILL.md"))) {
    throw new FlowError({
      code: "unreadable",
      what: "the files of the skill are not beside this program",
      expected: "dist/deploy-flow.mjs with skill/SKILL.md beside dist/",
      where: { file: program },
      next: "run scripts/install.sh in a clone of the repository",
    });
  }
  const texts = filesBelow(disk, skill).filter(
    (path) => path !== MANIFEST && !/^(?:dist|evals)\//.test(path) && !/(?:^|\/)\.(?:DS_Store|git)/.test(path),
  );
  return [
    // The program first: whatever refers to it finds it.
    ...PROGRAMS.map((path) => ({ path, from: join(home, path), mode: 0o755 })),
    ...texts.map((path) => ({ path, from: join(skill, path), mode: 0o644 })),
  ];
}

function filesBelow(disk: Disk, root: string, folder = root): string[] {
  return disk.list(folder).flatMap((name) => {
    const path = join(folder, name);
    const kind = disk.stat(path)?.kind;
    if (kind === "dir") return filesBelow(disk, root, path);
    return kind === "file" ? [relative(root, path)] : [];
  });
}
