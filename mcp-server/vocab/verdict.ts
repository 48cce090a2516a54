import { z } from "zod";
import { Sha256, Version } from "./ids.ts";
import { EXIT, type ExitCode } from "./outcome.ts";
import { Instant } from "./time.ts";

/** FAIL outranks INCONCLUSIVE, INCONCLUSIVE outranks PASS. */
export const Outcome3 = z.enum(["PASS", "FAIL", "INCONCLUSIVE"]);
export type Outcome3 = z.infer<typeof Outcome3>;

/** `executed`: we ran it. `fetched`: we read it from the configured source. `presented`: somebody handed it in. */
export const Origin = z.enum(["executed", "fetched", "presented"]);
export type Origin = z.infer<typeof Origin>;

/** A piece of evidence that a judgement rests on. */
export const EvidenceRef = z.object({
  /** Short name of what it is, e.g. `tests/candidate`, `metrics/canary-stage-1`. */
  name: z.string(),
  /** Digest of the bytes as they were read. */
  rawSha256: Sha256,
  /** Digest of the stored, normalised and redacted form that judging reads. */
  storedSha256: Sha256,
  origin: Origin,
  /** The version that the evidence speaks of. */
  version: Version,
  at: Instant,
});
export type EvidenceRef = z.infer<typeof EvidenceRef>;

/** Why a verdict is what it is: a stable code and a sentence with the values. */
export const Reason = z.object({ code: z.string(), text: z.string() });
export type Reason = z.infer<typeof Reason>;

export const Verdict = z.object({
  outcome: Outcome3,
  reasons: z.array(Reason),
  /** What would have passed; empty for PASS. */
  wouldPassIf: z.string(),
  /** Name and version of the judge, so that a later re-judgement can tell "another judge" from tampering. */
  judge: z.string(),
  inputs: z.array(EvidenceRef),
});
export type Verdict = z.infer<typeof Verdict>;

/** A dimension that the approved plan says is not judged, and why. */
export const NotApplicable = z.object({ outcome: z.literal("NOT_APPLICABLE"), reason: z.string() });
export type NotApplicable = z.infer<typeof NotApplicable>;

export const Dimension = z.union([Verdict, NotApplicable]);
export type Dimension = z.infer<typeof Dimension>;

/** Exit code of a stand-alone check. */
export const OUTCOME3_EXIT: Record<Outcome3, ExitCode> = {
  PASS: EXIT.ok,
  FAIL: EXIT.fail,
  INCONCLUSIVE: EXIT.inconclusive,
};

/** The worst of several outcomes; INCONCLUSIVE when there is none at all, because nothing measured is no pass. */
export function worstOutcome(outcomes: readonly (Outcome3 | "NOT_APPLICABLE")[]): Outcome3 {
  const judged = outcomes.filter((outcome) => outcome !== "NOT_APPLICABLE");
  if (judged.includes("FAIL")) return "FAIL";
  if (judged.length === 0 || judged.includes("INCONCLUSIVE")) return "INCONCLUSIVE";
  return "PASS";
}
