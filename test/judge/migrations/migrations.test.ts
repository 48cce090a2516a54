import { describe, expect, test } from "vitest";
import {
  isAtLeast,
  Migration,
  migrationProblems,
  migrationsPrepared,
} from "../../../mcp-server/judge/migrations/index.ts";
import type { Instant, Version } from "../../../mcp-server/vocab/index.ts";

const V = (text: string) => text as Version;
const migration = (edits: Record<string, unknown>) =>
  Migration.parse({ id: "m1", kind: "expand", reversible: true, ...edits });
const RUN = { version: V("2.1.0"), previous: V("2.0.0") };
const keysOf = (migrations: Migration[], run: { version: Version; previous: Version | undefined } = RUN) =>
  migrationProblems(migrations, run).map(({ index, key }) => `${index}.${key}`);

describe("whether migrations are legal", () => {
  test.each([
    ["none", [], []],
    ["an expand that can be undone", [migration({})], []],
    ["an expand that cannot, without a forward-fix plan", [migration({ reversible: false })], ["0.forwardFix"]],
    ["an expand that cannot, with one", [migration({ reversible: false, forwardFix: "docs/fix.md" })], []],
    ["one after which the old version does not work", [migration({ oldVersionWorks: false })], ["0.oldVersionWorks"]],
    ["a contract of who knows what", [migration({ kind: "contract" })], ["0.unusedSince"]],
    [
      "a contract in the run of the code that stops using it",
      [migration({ kind: "contract", unusedSince: "2.1.0" })],
      ["0.unusedSince"],
    ],
    [
      "a contract of what the running version stopped using",
      [migration({ kind: "contract", unusedSince: "2.0.0" })],
      [],
    ],
    ["a contract of what was long unused", [migration({ kind: "contract", unusedSince: "1.9.7" })], []],
    [
      "a contract of what only a later version stops using",
      [migration({ kind: "contract", unusedSince: "2.0.1" })],
      ["0.unusedSince"],
    ],
    [
      "the same with versions that are no numbers",
      [migration({ kind: "contract", unusedSince: "2024-spring" })],
      ["0.unusedSince"],
    ],
    [
      "a contract for good, unused",
      [migration({ kind: "contract", unusedSince: "2.0.0", reversible: false })],
      ["0.forwardFix"],
    ],
    ["rows that can be changed back", [migration({ kind: "data" })], []],
    [
      "rows rewritten for good, in the run of the code that stops reading them",
      [migration({ kind: "data", reversible: false, forwardFix: "fix.md", unusedSince: "2.1.0" })],
      ["0.unusedSince"],
    ],
    [
      "rows rewritten for good that nothing reads",
      [migration({ kind: "data", reversible: false, forwardFix: "fix.md", unusedSince: "2.0.0" })],
      [],
    ],
    ["two with one name", [migration({}), migration({})], ["1.id"]],
    [
      "two whose names the journal cannot tell apart",
      [migration({ id: "Add_Column" }), migration({ id: "add-column" })],
      ["1.id"],
    ],
  ])("%s", (_name, migrations, expected) => {
    expect(keysOf(migrations)).toEqual(expected);
  });

  test("a first deployment has no old version that could miss anything", () => {
    expect(keysOf([migration({ kind: "contract" })], { ...RUN, previous: undefined })).toEqual([]);
  });

  test.each([
    ["2.0.0", "2.0.0", true],
    ["2.0.10", "2.0.9", true],
    ["2.0", "2.0.0", true],
    ["v2.1", "2.0.9", true],
    ["1.99.0", "2.0.0", false],
    ["2.0.0-rc1", "2.0.0", false],
    ["summer", "spring", false],
    ["spring", "spring", true],
  ])("%s is at least %s: %s", (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected);
  });
});

const AT = "2026-11-25T12:00:00.000Z" as Instant;
const DATA = {
  kind: "data",
  testedAt: "2026-11-20T12:00:00Z",
  backup: { id: "b-17", takenAt: "2026-11-25T03:00:00Z", restoreTestedAt: "2026-11-21T00:00:00Z" },
};

describe("whether migrations are prepared", () => {
  test.each([
    ["none", [], "not-applicable"],
    ["only additions", [migration({})], "pass"],
    ["rows with everything tried", [migration(DATA)], "pass"],
    ["rows without a backup", [migration({ ...DATA, backup: undefined })], "unknown"],
    [
      "a backup that nobody restored",
      [migration({ ...DATA, backup: { id: "b", takenAt: "2026-11-25T03:00:00Z" } })],
      "unknown",
    ],
    ["a way back that nobody tried", [migration({ ...DATA, testedAt: undefined })], "unknown"],
    ["tried exactly seven days ago", [migration({ ...DATA, testedAt: "2026-11-18T12:00:00.000Z" })], "pass"],
    ["tried a millisecond earlier", [migration({ ...DATA, testedAt: "2026-11-18T11:59:59.999Z" })], "fail"],
    [
      "a backup of exactly a day ago",
      [migration({ ...DATA, backup: { ...DATA.backup, takenAt: "2026-11-24T12:00:00.000Z" } })],
      "pass",
    ],
    [
      "a backup a millisecond older",
      [migration({ ...DATA, backup: { ...DATA.backup, takenAt: "2026-11-24T11:59:59.999Z" } })],
      "fail",
    ],
    ["a test of tomorrow", [migration({ ...DATA, testedAt: "2026-11-26T12:00:00Z" })], "fail"],
    [
      "a failure outranks what is unknown",
      [
        migration({ id: "a", ...DATA, testedAt: undefined }),
        migration({ id: "b", ...DATA, testedAt: "2026-01-01T00:00:00Z" }),
      ],
      "fail",
    ],
    ["an expand for good is held to the same", [migration({ reversible: false, forwardFix: "fix.md" })], "unknown"],
  ] as const)("%s: %s", (_name, migrations, expected) => {
    expect(migrationsPrepared(migrations, AT).status).toBe(expected);
  });

  test("an answer ends when the first of its proofs gets too old", () => {
    expect(migrationsPrepared([migration(DATA)], AT).validUntil).toBe("2026-11-26T03:00:00.001Z");
  });
});
