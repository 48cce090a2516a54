import { between, epochMs, type Instant, instantOf, type Ms } from "../../vocab/index.ts";
import type { RehearsalRecord } from "../inputs.ts";

/** A rehearsal counts for so long, the last millisecond included. */
export const REHEARSED_WITHIN_MS: Ms = 168 * 3_600_000;

/** Whether going back was rehearsed; the words of a readiness answer. */
export interface Rehearsed {
  readonly status: "pass" | "fail" | "unknown";
  readonly text: string;
  readonly validUntil?: Instant;
  readonly record?: RehearsalRecord;
}

/**
 * Whether an earlier rehearsal covers a run: of the same strategy, on the same state of the schema, at most 168 hours
 * old, not dated in the future. Only the newest of that kind is asked: a failure is not undone by an older success.
 */
export function rehearsedBefore(
  records: readonly RehearsalRecord[],
  o: { strategy: string; schemaGeneration: string; at: Instant },
): Rehearsed {
  const ofKind = records.filter(
    ({ strategy, schemaGeneration }) => strategy === o.strategy && schemaGeneration === o.schemaGeneration,
  );
  const past = ofKind.filter(({ at }) => between(at, o.at) >= 0).sort((a, b) => epochMs(b.at) - epochMs(a.at));
  const [newest] = past;
  if (!newest) {
    const future = ofKind.length > 0 ? "; what is recorded is dated in the future" : "";
    return { status: "unknown", text: `no rollback of a ${o.strategy} release on this schema is recorded${future}` };
  }
  const text = `rehearsed ${newest.at}, ${newest.fromVersion} back to ${newest.toVersion} in ${newest.backMs} ms`;
  if (newest.outcome === "FAIL") return { status: "fail", text: `${text}: it failed`, record: newest };
  if (between(newest.at, o.at) > REHEARSED_WITHIN_MS) {
    return { status: "unknown", text: `${text}: more than 168 h ago`, record: newest };
  }
  const validUntil = instantOf(epochMs(newest.at) + REHEARSED_WITHIN_MS + 1);
  return { status: "pass", text, validUntil, record: newest };
}
