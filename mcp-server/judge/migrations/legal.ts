import type { Version } from "../../vocab/index.ts";
import type { Migration } from "./migration.ts";

/** Why a migration must not be part of a run, and at which of its keys. */
export interface MigrationProblem {
  readonly index: number;
  readonly key: keyof Migration;
  readonly what: string;
  readonly next: string;
}

/**
 * Which migrations make a release that could not go back by itself: after each of them the version that runs now has
 * to work, because that is what users get when the release fails. Never a matter of profile or override.
 */
export function migrationProblems(
  migrations: readonly Migration[],
  o: { version: Version; previous: Version | undefined },
): MigrationProblem[] {
  return migrations.flatMap((migration, index) => {
    const problem = duplicate(migrations, index) ?? breaks(migration) ?? early(migration, o) ?? final(migration);
    return problem ? [{ index, ...problem }] : [];
  });
}

type Problem = Omit<MigrationProblem, "index">;

/** Keys of the journal have no capitals and no underscores, so ids have to differ without them. */
export function migrationKey(id: string): string {
  return id.toLowerCase().replaceAll("_", "-");
}

function duplicate(migrations: readonly Migration[], index: number): Problem | undefined {
  const key = migrationKey(migrations[index]?.id ?? "");
  if (migrations.findIndex(({ id }) => migrationKey(id) === key) === index) return undefined;
  return { key: "id", what: "this id, or one that differs only in - _ or capitals, stands before", next: "rename it" };
}

function breaks({ oldVersionWorks }: Migration): Problem | undefined {
  if (oldVersionWorks) return undefined;
  return {
    key: "oldVersionWorks",
    what: "the version that runs now would not work after this migration, so going back would break the service",
    next: "split the change: expand now, deploy code that works with both, contract in a later run",
  };
}

/** What is taken away must be unused by the version that users have now, not only by the one that is being deployed. */
function early({ kind, reversible, unusedSince }: Migration, o: { version: Version; previous: Version | undefined }) {
  const removes = kind === "contract" || (kind === "data" && !reversible);
  if (!removes || o.previous === undefined) return undefined;
  if (unusedSince === undefined) {
    return {
      key: "unusedSince",
      what: "nothing says since which version what this migration takes away is unused",
      next: "name the first version that does not use it, and deploy that version before this migration",
    } satisfies Problem;
  }
  if (unusedSince !== o.version && isAtLeast(o.previous, unusedSince)) return undefined;
  return {
    key: "unusedSince",
    what: "the version that runs now may still use what this migration takes away",
    next: "deploy the code that stops using it first, and run this migration in a later run",
  } satisfies Problem;
}

function final({ reversible, forwardFix }: Migration): Problem | undefined {
  if (reversible || forwardFix !== undefined) return undefined;
  return {
    key: "forwardFix",
    what: "an irreversible migration needs a plan for what is done when it turns out wrong",
    next: "write it into a file of the project and name it here: whoever approves the plan approves it too",
  };
}

/** By numbers, dot by dot; versions that are not numbers are at least each other only when they are equal. */
export function isAtLeast(version: string, least: string): boolean {
  if (version === least) return true;
  const [a, b] = [numbersOf(version), numbersOf(least)];
  if (!a || !b) return false;
  for (let place = 0; place < Math.max(a.length, b.length); place += 1) {
    const difference = (a[place] ?? 0) - (b[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function numbersOf(version: string): number[] | undefined {
  return /^v?\d+(\.\d+)*$/.test(version) ? version.replace(/^v/, "").split(".").map(Number) : undefined;
}
