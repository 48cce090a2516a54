import { join } from "node:path";
import type { Disk } from "../ports/index.ts";
import { sha256 } from "../vocab/index.ts";
import { digestFile, entriesBelow, MANIFEST_FILE, MARK_FILE, Manifest, readMark } from "./archive.ts";
import { verifyChain } from "./journal-read.ts";

/** One way in which an archive is not what was archived. `file` is relative to the archive. */
export interface Difference {
  readonly file: string;
  readonly what: string;
}

/**
 * Compares an archive with its own records: mark, manifest digests, no file too many, journal chain, evidence names.
 * An empty list means the same bytes. Whether the verdicts follow from the evidence is for the flow to recompute.
 */
export async function verifyArchive(disk: Disk, dir: string): Promise<Difference[]> {
  const differences = await againstManifest(disk, dir);
  if (disk.stat(join(dir, "journal.jsonl"))) {
    const chain = verifyChain(disk, join(dir, "journal.jsonl"));
    if (!chain.ok) {
      const { line, seq, what } = chain.problem;
      differences.push({ file: "journal.jsonl", what: `line ${line} (event ${seq}): ${what}` });
    }
  }
  for (const name of disk.list(join(dir, "evidence"))) {
    const named = /-([0-9a-f]{12})\.[a-z0-9.]+$/.exec(name)?.[1];
    if (named === undefined) continue;
    const { sha256: found } = await digestFile(disk, join(dir, "evidence", name));
    if (!found.startsWith(named))
      differences.push({ file: `evidence/${name}`, what: "the content is not what its name says" });
  }
  return differences;
}

async function againstManifest(disk: Disk, dir: string): Promise<Difference[]> {
  const mark = readMark(disk, join(dir, MARK_FILE));
  if (!mark) {
    const what = disk.stat(join(dir, MARK_FILE))
      ? "the mark cannot be read"
      : "the mark is missing: not a complete archive";
    return [{ file: MARK_FILE, what }];
  }
  const differences: Difference[] = [];
  if (!disk.stat(join(dir, MANIFEST_FILE))) return [{ file: MANIFEST_FILE, what: "missing" }];
  const text = disk.readText(join(dir, MANIFEST_FILE));
  if (sha256(text) !== mark.manifestSha256) {
    // Which of the two was changed cannot be told.
    differences.push({ file: MANIFEST_FILE, what: "not the manifest that the mark names" });
    differences.push({ file: MARK_FILE, what: "names another manifest than the one that is here" });
  }
  const manifest = parseManifest(text);
  if (!manifest) return [...differences, { file: MANIFEST_FILE, what: "cannot be read" }];
  if (manifest.runId !== mark.runId) differences.push({ file: MARK_FILE, what: "names another run than the manifest" });

  const listed = new Set([MANIFEST_FILE, MARK_FILE]);
  for (const { path, sha256: expected, size } of manifest.files) {
    listed.add(path);
    const found = disk.stat(join(dir, path));
    if (!found) differences.push({ file: path, what: "missing" });
    else if (found.kind !== "file") differences.push({ file: path, what: "not a regular file any more" });
    else if (found.size !== size) differences.push({ file: path, what: `${found.size} bytes instead of ${size}` });
    else if ((await digestFile(disk, join(dir, path))).sha256 !== expected)
      differences.push({ file: path, what: "changed content" });
  }
  for (const { path } of entriesBelow(disk, dir)) {
    if (!listed.has(path)) differences.push({ file: path, what: "not in the manifest" });
  }
  return differences;
}

function parseManifest(text: string): Manifest | undefined {
  try {
    return Manifest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
