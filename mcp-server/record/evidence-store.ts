import { join } from "node:path";
import type { Disk } from "../ports/index.ts";
import {
  type EvidenceRef,
  FlowError,
  type Instant,
  type Origin,
  type Sha256,
  sha256,
  type Version,
} from "../vocab/index.ts";

/** Where evidence is kept, e.g. `ProjectPaths.evidence` or the `evidence` folder of an archive. */
export interface EvidencePlace {
  readonly disk: Disk;
  readonly dir: string;
}

export interface NewEvidence {
  /** What it is, e.g. `tests/candidate`. */
  readonly name: string;
  /** The bytes as they were read, or their digest when they are too many to hold. */
  readonly raw: Uint8Array | Sha256;
  /** The normalised, redacted form that judging reads. */
  readonly stored: Uint8Array;
  /** File name ending of the stored form, without the dot; `json` by default. */
  readonly ext?: string;
  readonly origin: Origin;
  readonly version: Version;
  readonly at: Instant;
}

/** File name of evidence: its name for people, its content's digest for the machine. */
export function evidenceFileName(name: string, storedSha256: Sha256, ext: string): string {
  return `${evidenceStem(name, storedSha256)}.${ext}`;
}

/** Keeps evidence under its content. Storing the same again changes nothing. Throws FlowError `damaged` when the kept file has other content. */
export function storeEvidence(place: EvidencePlace, evidence: NewEvidence): { ref: EvidenceRef; file: string } {
  const { name, raw, stored, origin, version, at } = evidence;
  const storedSha256 = sha256(stored);
  const ref = { name, rawSha256: typeof raw === "string" ? raw : sha256(raw), storedSha256, origin, version, at };
  const file = join(place.dir, evidenceFileName(name, storedSha256, evidence.ext ?? "json"));
  place.disk.mkdir(place.dir);
  if (!place.disk.createExclusive(file, stored)) checkDigest(place.disk, file, storedSha256);
  return { ref, file };
}

/** The stored form of evidence. Throws FlowError `damaged` naming the file when it is missing or was changed. */
export function loadEvidence(place: EvidencePlace, ref: EvidenceRef): Uint8Array {
  const stem = evidenceStem(ref.name, ref.storedSha256);
  const found = place.disk.list(place.dir).find((name) => name.startsWith(`${stem}.`));
  if (found === undefined) {
    throw new FlowError({
      code: "damaged",
      what: "evidence of this run is missing",
      expected: `content with SHA-256 ${ref.storedSha256}`,
      found: "no such file",
      where: { file: join(place.dir, `${stem}.*`) },
      next: "restore the file from a copy; without it the judgement cannot be repeated",
    });
  }
  return checkDigest(place.disk, join(place.dir, found), ref.storedSha256);
}

function evidenceStem(name: string, storedSha256: Sha256): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60)
    .replace(/-$/, "");
  return `${slug || "evidence"}-${storedSha256.slice(0, 12)}`;
}

function checkDigest(disk: Disk, file: string, expected: Sha256): Uint8Array {
  const bytes = disk.read(file);
  const found = sha256(bytes);
  if (found === expected) return bytes;
  throw new FlowError({
    code: "damaged",
    what: "evidence was changed after it was stored",
    expected: `SHA-256 ${expected}`,
    found: `SHA-256 ${found}`,
    where: { file },
    next: "restore the file from a copy; a judgement on it counts for nothing",
  });
}
