import type { AnswerStatus } from "../../judge/readiness/index.ts";
import type { Clock, Disk, Exec, Http } from "../../ports/index.ts";
import {
  type Duration,
  durationMs,
  epochMs,
  type Instant,
  instantOf,
  type Json,
  type LiveState,
  type Ms,
  type Origin,
  type Sha256,
  sha256,
  spanText,
} from "../../vocab/index.ts";

/** What a check needs of the world. */
export interface CheckWorld {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly exec: Exec;
  readonly http: Http;
  readonly root: string;
  /** Absolute path of a file that must lie inside the project. Throws for one that does not. */
  readonly inside: (path: string) => string;
  /** The environment of a command: what every program needs, and the named variables. */
  readonly env: (names: readonly string[]) => Record<string, string>;
  readonly redact: (text: string, limit?: number) => string;
  readonly version: string;
  readonly previousVersion: string;
  readonly digest: string;
  /** Path of the metrics page of an instance; undefined where deploy.yaml has no metrics. */
  readonly metricsPath: string | undefined;
  readonly production: (signal: AbortSignal) => Promise<LiveState>;
}

/** What a check found out. */
export interface Finding {
  readonly status: AnswerStatus;
  /** One sentence; quotes in it are redacted. */
  readonly text: string;
  readonly validUntil?: Instant;
  readonly accepted?: readonly string[];
  readonly evidence?: readonly FoundEvidence[];
}

/** What the finding rests on, before it is stored. */
export interface FoundEvidence {
  readonly name: string;
  readonly rawSha256: Sha256;
  readonly stored: Json;
  readonly origin: Origin;
}

/** What a judgement needs besides the check and its facts. */
export interface JudgedBy {
  readonly redact: (text: string, limit?: number) => string;
  /** Of the artifact that is deployed. */
  readonly digest: string;
}

/** What a check found, judged and with the facts that were judged as its evidence. */
export function restingOn(finding: Finding, id: string, evidence: Omit<FoundEvidence, "name">): Finding {
  return { ...finding, evidence: [{ name: `readiness/${id}`, ...evidence }] };
}

/** Clocks of different machines may differ by this much. */
const CLOCK_SKEW_MS: Ms = 60_000;

export const pass = (text: string, more: Omit<Finding, "status" | "text"> = {}): Finding => ({
  status: "pass",
  text,
  ...more,
});
export const fail = (text: string, more: Omit<Finding, "status" | "text"> = {}): Finding => ({
  status: "fail",
  text,
  ...more,
});
export const unknown = (text: string, more: Omit<Finding, "status" | "text"> = {}): Finding => ({
  status: "unknown",
  text,
  ...more,
});

/** A file as it was read, with the problem that keeps it from counting. */
export type ReadFile =
  | { readonly text: string; readonly rawSha256: Sha256; readonly mtime: Instant }
  | { readonly problem: string };

/** Far above what scanners write; one that is longer is refused, not cut. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Reads a whole file inside the project. Everything that keeps it from being read is a problem with a sentence. */
export function readWhole(path: string, world: CheckWorld): ReadFile {
  const { disk } = world;
  try {
    const absolute = disk.realpath(world.inside(path));
    const found = disk.stat(absolute);
    if (found?.kind !== "file") return { problem: `${path} is no file` };
    if (found.size > MAX_FILE_BYTES) return { problem: `${path} is larger than ${MAX_FILE_BYTES} bytes` };
    const bytes = disk.read(absolute);
    return { text: Buffer.from(bytes).toString("utf8"), rawSha256: sha256(bytes), mtime: instantOf(found.mtimeMs) };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    return { problem: code === "ENOENT" ? `${path} does not exist` : `${path} cannot be read (${String(code)})` };
  }
}

/** Why evidence of this time does not count, or until when it does. */
export function ageOf(at: Instant, maxAge: Duration, now: Instant): { problem: string } | { validUntil: Instant } {
  const age = epochMs(now) - epochMs(at);
  if (!Number.isFinite(age)) return { problem: "its time cannot be read" };
  if (age < -CLOCK_SKEW_MS) return { problem: `it is dated in the future, ${at}` };
  const allowed = durationMs(maxAge);
  if (age > allowed) return { problem: `it is ${spanText(age)} old, older than ${maxAge}` };
  return { validUntil: instantOf(epochMs(at) + allowed) };
}

/** Parsed JSON, or undefined. */
export function parseJson(text: string): { json: unknown } | undefined {
  try {
    // Some tools write a byte order mark.
    return { json: JSON.parse(text.replace(/^\uFEFF/, "")) as unknown };
  } catch {
    return undefined;
  }
}
