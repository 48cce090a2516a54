import { basename, join, relative } from "node:path";
import type { Disk } from "../../ports/index.ts";
import { FlowError } from "../../vocab/index.ts";

/** The two bundled programs, as they lie in the installed folder. */
const PROGRAMS = ["dist/deploy-flow.mjs", "dist/guard.mjs"] as const;

/** Name of the list of installed files; not itself installed. */
export const MANIFEST = ".installed.json";

/** One file to be installed: where it goes, below the skill's folder, and what it holds. */
export interface PackageFile {
  readonly path: string;
  readonly from: string;
  readonly mode: number;
}

/**
 * The files of the skill. `program` is the running bundle: it lies in `dist/` of the repository or the npm package,
 * beside `skill/`, or in `dist/` of an installed skill.
 */
export function packageFiles(disk: Disk, program: string): PackageFile[] {
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
