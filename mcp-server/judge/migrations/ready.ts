import { between, epochMs, type Instant, instantOf, type Ms } from "../../vocab/index.ts";
import type { Migration } from "./migration.ts";

const HOUR_MS: Ms = 3_600_000;

/** Criterion RBK-2: a way back was tried within seven days, a backup is at most a day old. */
export const TESTED_WITHIN_MS: Ms = 7 * 24 * HOUR_MS;
export const BACKUP_WITHIN_MS: Ms = 24 * HOUR_MS;

/** What preparing a migration depends on. */
type Prepare = Omit<Migration, "forwardFix">;

/** Whether the migrations of a plan are prepared; the words of a readiness answer. */
export interface Prepared {
  readonly status: "pass" | "fail" | "unknown" | "not-applicable";
  readonly text: string;
  /** From then on it has to be asked again. */
  readonly validUntil?: Instant;
}

/**
 * Migrations are prepared when going back is proven: only additions, or a way back that was tried, and for whatever
 * touches rows a fresh backup whose restoration was tried. What nobody stated is unknown; what is too old, or dated in
 * the future, is a failure. Both ages include their limit.
 */
export function migrationsPrepared(migrations: readonly Prepare[], at: Instant): Prepared {
  if (migrations.length === 0) return { status: "not-applicable", text: "the release brings no migration" };
  const findings = migrations.flatMap((migration) => findingsOf(migration, at));
  const failed = findings.filter(({ status }) => status === "fail");
  const open = findings.filter(({ status }) => status === "unknown");
  const told = failed.length > 0 ? failed : open;
  if (told.length > 0) {
    return { status: failed.length > 0 ? "fail" : "unknown", text: told.map(({ text }) => text).join("; ") };
  }
  const ends = findings.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
  return {
    status: "pass",
    text: findings.map(({ text }) => text).join("; "),
    ...(ends.length > 0 ? { validUntil: instantOf(Math.min(...ends)) } : {}),
  };
}

interface Finding {
  readonly status: "pass" | "fail" | "unknown";
  readonly text: string;
  readonly untilMs?: Ms;
}

function findingsOf(migration: Prepare, at: Instant): Finding[] {
  const { id, kind, reversible, testedAt, backup } = migration;
  if (kind === "expand" && reversible) return [{ status: "pass", text: `${id} only adds` }];
  return [
    aged({ what: `${id}: migration and way back tried`, when: testedAt, at, withinMs: TESTED_WITHIN_MS }),
    aged({ what: `${id}: backup taken`, when: backup?.takenAt, at, withinMs: BACKUP_WITHIN_MS }),
    aged({ what: `${id}: restoring tried`, when: backup?.restoreTestedAt, at, withinMs: TESTED_WITHIN_MS }),
  ];
}

function aged(o: { what: string; when: Instant | undefined; at: Instant; withinMs: Ms }): Finding {
  const { what, when, at, withinMs } = o;
  if (when === undefined) return { status: "unknown", text: `${what}: nobody says when` };
  const ageMs = between(when, at);
  const text = `${what} ${when}`;
  if (ageMs < 0) return { status: "fail", text: `${text}, which is in the future` };
  if (ageMs > withinMs) return { status: "fail", text: `${text}, more than ${withinMs / HOUR_MS} h ago` };
  return { status: "pass", text, untilMs: epochMs(when) + withinMs + 1 };
}
