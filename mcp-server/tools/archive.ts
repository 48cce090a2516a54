import { join, relative } from "node:path";
import { z } from "zod";
import { type ArchiveFile, archiveRun, filesBelow } from "../record/archive.ts";
import { verifyArchive } from "../record/archive-check.ts";
import { projectPaths } from "../record/paths.ts";
import { FlowError, Label, type RunId, Sha256 } from "../vocab/index.ts";
import { cut } from "./fit.ts";
import { defineTool, type ToolIo } from "./tool.ts";

/** More files than this are a folder named by mistake. */
const MAX_FILES = 10_000;

const Output = z.object({
  verdict: z.enum(["ARCHIVED", "DAMAGED"]),
  /** Folder of the archive, relative to the project. */
  dir: z.string(),
  packId: z.string(),
  files: z.number().int(),
  bytes: z.number().int(),
  manifestSha256: Sha256,
  reasons: z.array(z.object({ code: z.string(), text: z.string() })),
  next: z.string(),
});
type Output = z.infer<typeof Output>;

/** Packs named files with a manifest of digests and reads the copies back. Works on any folder, without a run. */
export const archive = defineTool({
  name: "archive",
  title: "Archive files",
  description:
    "Copies files and folders into .aiwg/archive with a manifest of SHA-256 digests, reads them back and verifies. A run archives itself; this is for anything else. Originals stay.",
  input: z.object({
    files: z.array(z.string().min(1)).min(1).describe("files or folders inside the project"),
    name: Label.describe("name of the archive, e.g. evidence-incident-42"),
  }),
  output: Output,
  effect: "write",
  openWorld: false,
  idempotent: false,
  positionals: ["files"],
  run: async ({ files, name }, io): Promise<Output> => {
    const { disk } = io.ports;
    const wanted = collect(files, io);
    const packId = newPackId(io);
    const archiveDir = join(projectPaths(io.root).archive, io.now().slice(0, 10), name);
    const packed = await archiveRun({ disk, runId: packId, files: wanted, archiveDir });
    io.progress(1, 2, "copied");
    const differences = await verifyArchive(disk, packed.dir);
    io.progress(2, 2, "verified");
    const dir = relative(io.root, packed.dir);
    return {
      verdict: differences.length === 0 ? "ARCHIVED" : "DAMAGED",
      dir,
      packId,
      files: packed.manifest.files.length,
      bytes: packed.manifest.files.reduce((sum, file) => sum + file.size, 0),
      manifestSha256: packed.manifestSha256,
      reasons:
        differences.length === 0
          ? [{ code: "verified", text: "every copy was read back and has the digest that the manifest names" }]
          : differences
              .slice(0, 10)
              .map(({ file, what }) => ({ code: "difference", text: cut(`${file}: ${what}`, 200) })),
      next:
        differences.length === 0
          ? `verify it at any time: deploy-flow verify ${dir}`
          : "check the file system, then archive again",
    };
  },
  text: textOf,
  exit: (out) => (out.verdict === "ARCHIVED" ? 0 : 65),
});

/** What each name stands for, with the place it gets in the archive: the same as in the project. */
function collect(names: readonly string[], io: ToolIo): ArchiveFile[] {
  const { disk } = io.ports;
  const files = new Map<string, ArchiveFile>();
  for (const name of names) {
    const path = io.readable(name);
    const kind = disk.stat(path)?.kind;
    if (kind !== "file" && kind !== "dir") throw nothingThere(name);
    const found = kind === "file" ? [path] : filesBelow(disk, path).map((below) => join(path, below));
    for (const from of found) {
      const to = placeOf(relative(io.root, from));
      files.set(to, { to, from });
    }
    if (files.size > MAX_FILES) throw tooMany();
  }
  if (files.size === 0) throw nothingThere(names[0] ?? "");
  return [...files.values()];
}

/** Files from outside of the project, which only a person can name, go beside those from inside. */
function placeOf(path: string): string {
  return path.startsWith("..") ? join("outside", path.replaceAll("../", "")) : join("files", path);
}

/** Written like a run's id, because archives are told apart by it. */
function newPackId(io: ToolIo): RunId {
  const stamp = io
    .now()
    .replace(/[-:]/g, "")
    .replace(/(\.\d+)?Z$/, "Z");
  return `dpl-${stamp}-${io.ports.ids.hex(3)}` as RunId;
}

function nothingThere(name: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "there is nothing to archive under a name that was given",
    expected: "a file, or a folder with files",
    found: JSON.stringify(name.slice(0, 100)),
    next: "correct the name; links are not followed",
  });
}

function tooMany(): FlowError {
  return new FlowError({
    code: "usage",
    what: "too many files for one archive",
    expected: `at most ${MAX_FILES}`,
    next: "name a narrower folder",
  });
}

function textOf(out: Output): string {
  return [
    `${out.verdict}: ${out.files} files, ${out.bytes} bytes in ${out.dir}`,
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    `manifest ${out.manifestSha256}`,
    `next: ${out.next}`,
  ].join("\n");
}
