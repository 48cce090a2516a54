import { join } from "node:path";
import { z } from "zod";
import { judgeFacts, type MachineCheck } from "../evidence/readiness/index.ts";
import { Answer } from "../judge/index.ts";
import { digestFile } from "../record/archive.ts";
import { loadEvidence } from "../record/evidence-store.ts";
import { redact } from "../record/redact.ts";
import { canonicalJson, type EvidenceRef, type Json, messageOf } from "../vocab/index.ts";
import type { Plan } from "./plan.ts";
import type { Project } from "./project.ts";
import type { EvidenceEntry, RunState } from "./run-state.ts";

/** Where the evidence of an archived run lies. */
interface Kept {
  readonly disk: Project["ports"]["disk"];
  readonly dir: string;
}

/** What a check said, in the parts that its evidence gives. */
const Words = Answer.pick({ status: true, text: true, validUntil: true, accepted: true });

/** Of a condition only what it is like is recorded, and its evidence beside it. */
const Looked = Answer.pick({ status: true, text: true });

/**
 * Judges the stored evidence of a readiness check again, as it was answered before a deployment or when a condition was
 * looked at; says what differs, or nothing. What is no such result says nothing here.
 */
export function answerDifference(place: Kept, state: RunState, key: string, recorded: Json): string | undefined {
  const asked = askedAt(state.plan, key);
  if (!asked) return undefined;
  const { check, isCondition } = asked;
  const answer = (isCondition ? Looked : Answer).safeParse(recorded);
  if (!answer.success) return `${key}: not an answer`;
  const { status } = answer.data;
  const [ref] = isCondition ? lastKept(state, key) : Answer.parse(recorded).evidence;
  // What could not be asked, or did not answer, left nothing to keep; a pass rests on something.
  if (!ref) return status === "pass" ? `${key} passed without evidence` : undefined;
  try {
    const stored: unknown = JSON.parse(Buffer.from(loadEvidence(place, ref)).toString("utf8"));
    const again = judgeFacts(check, stored, { redact, digest: state.plan.digest });
    const form = isCondition ? Looked : Words;
    if (canonicalJson(form.parse(recorded)) === canonicalJson(form.parse(again))) return undefined;
    return `${key} recorded ${status}, its evidence gives ${again.status} or other words`;
  } catch (error) {
    const why = error instanceof z.ZodError ? "its evidence has another form" : messageOf(error).slice(0, 200);
    return `${key} cannot be judged again: ${why}`;
  }
}

function lastKept({ evidence }: RunState, key: string): EvidenceRef[] {
  return evidence
    .filter((entry) => entry.key === key)
    .map(({ ref }) => ref)
    .slice(-1);
}

/** The check of the plan that a result is of. */
function askedAt(plan: Plan, key: string): { check: MachineCheck; isCondition: boolean } | undefined {
  const [, room, id] = /^(readiness\/\d+|conditions\/[a-z0-9-]+)\/([a-z0-9-]+)$/.exec(key) ?? [];
  const check = plan.readiness.checks.find((one) => one.id === id);
  if (!room || !check || check.kind === "attestation" || check.kind === "finding") return undefined;
  return { check, isCondition: room.startsWith("conditions/") };
}

/** Evidence is what the journal says it is, whatever a manifest beside it says. */
export async function evidenceDifference(place: Kept, { ref, file }: EvidenceEntry): Promise<string | undefined> {
  const path = join(place.dir, file);
  try {
    if (place.disk.stat(path)?.kind !== "file") return "evidence that the journal names is missing";
    const { sha256 } = await digestFile(place.disk, path);
    return sha256 === ref.storedSha256 ? undefined : "not the evidence that the journal names";
  } catch (error) {
    return `evidence that the journal names cannot be read: ${messageOf(error).slice(0, 200)}`;
  }
}
