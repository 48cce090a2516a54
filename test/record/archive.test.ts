import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { realDisk } from "../../mcp-server/ports/index.ts";
import { type ArchiveOptions, archiveRun, clearArchived } from "../../mcp-server/record/archive.ts";
import { verifyArchive } from "../../mcp-server/record/archive-check.ts";
import { storeEvidence } from "../../mcp-server/record/evidence-store.ts";
import { openJournal } from "../../mcp-server/record/journal-file.ts";
import type { Instant, RunId, Version } from "../../mcp-server/vocab/index.ts";
import { fakeClock, type MemoryDisk, memoryDisk } from "../fakes/index.ts";

const WORKING = "/p/.aiwg/working/deployment";
const ARCHIVE = "/p/.aiwg/archive/2026-03-01/deployment-2.4.0";
const run = "dpl-20260301T120000Z-00000a" as RunId;
const other = "dpl-20260301T110000Z-00000b" as RunId;

function finishedRun(): MemoryDisk {
  const disk = memoryDisk({
    [`${WORKING}/execution-log-green.md`]: "# Log\n",
    [`${WORKING}/.journal.jsonl.9.1.tmp`]: "left by a crash",
    "/p/.aiwg/reports/deployment-report-2.4.0.md": "# Report\n",
  });
  const journal = openJournal({
    disk,
    clock: fakeClock(),
    path: `${WORKING}/journal.jsonl`,
    schema: z.string(),
    epoch: 1,
  });
  for (const event of ["planned", "approved", "done"]) journal.append(event, { kind: "runner", name: "runner" });
  storeEvidence(
    { disk, dir: `${WORKING}/evidence` },
    {
      name: "tests/candidate",
      raw: Buffer.from("<testsuites/>"),
      stored: Buffer.from('{"rows":[]}'),
      origin: "presented",
      version: "2.4.0" as Version,
      at: "2026-03-01T12:00:00.000Z" as Instant,
    },
  );
  return disk;
}

function options(disk: MemoryDisk, runId = run): ArchiveOptions {
  const files = [
    { to: "reports/deployment-report-2.4.0.md", from: "/p/.aiwg/reports/deployment-report-2.4.0.md" },
    { to: "audit-trail.md", content: "# Audit trail\n" },
  ];
  return { disk, runId, workingDir: WORKING, files, archiveDir: ARCHIVE };
}

const archivedFiles = [
  "ARCHIVED",
  "RUN",
  "audit-trail.md",
  "evidence/tests-candidate-1c9b0a5f7d4a.json",
  "execution-log-green.md",
  "journal.jsonl",
  "manifest.json",
  "reports/deployment-report-2.4.0.md",
];

const namesIn = (disk: MemoryDisk, dir = ARCHIVE) =>
  Object.keys(disk.dump())
    .filter((path) => path.startsWith(`${dir}/`))
    .map((path) => path.slice(dir.length + 1).replace(/-[0-9a-f]{12}\.json$/, "-1c9b0a5f7d4a.json"));

describe("an archive", () => {
  it("holds everything, verifies, and deletes nothing", async () => {
    const disk = finishedRun();
    const archived = await archiveRun(options(disk));
    expect(archived).toMatchObject({ dir: ARCHIVE, written: true });
    expect(namesIn(disk)).toEqual(archivedFiles);
    expect(await verifyArchive(disk, ARCHIVE)).toEqual([]);
    expect(disk.readText(`${WORKING}/journal.jsonl`)).toBe(disk.readText(`${ARCHIVE}/journal.jsonl`));
  });

  it("is written once: again, it is only confirmed", async () => {
    const disk = finishedRun();
    const first = await archiveRun(options(disk));
    const before = disk.dump();
    const again = await archiveRun(options(disk));
    expect(again).toEqual({ ...first, written: false });
    expect(disk.dump()).toEqual(before);
  });

  it("of another run of that day stands beside it", async () => {
    const disk = finishedRun();
    await archiveRun(options(disk, other));
    const second = await archiveRun(options(disk));
    expect(second.dir).toBe(`${ARCHIVE}-${run}`);
    expect(await verifyArchive(disk, ARCHIVE)).toEqual([]);
    expect(await verifyArchive(disk, second.dir)).toEqual([]);
  });

  it.each([
    ["files that nobody said whose they are", { "notes.md": "mine" }],
    ["another run's archive that lost the word of its owner", undefined],
  ])("leaves %s alone, and stands beside them", async (_name, files) => {
    const disk = finishedRun();
    if (files === undefined) {
      await archiveRun(options(disk, other));
      disk.remove(`${ARCHIVE}/RUN`);
    }
    for (const [name, text] of Object.entries(files ?? {})) {
      disk.mkdir(ARCHIVE);
      disk.writeAtomic(`${ARCHIVE}/${name}`, text);
    }
    const before = namesIn(disk);
    const archived = await archiveRun(options(disk));
    expect(archived).toMatchObject({ dir: `${ARCHIVE}-${run}`, written: true });
    expect(namesIn(disk)).toEqual(before);
    expect(await verifyArchive(disk, archived.dir)).toEqual([]);
  });

  it("of named files needs no run", async () => {
    const disk = memoryDisk({ "/p/a.md": "a" });
    const alone = { disk, runId: run, files: [{ to: "a.md", from: "/p/a.md" }], archiveDir: "/p/packed" };
    expect((await archiveRun(alone)).manifest.files.map(({ path }) => path)).toEqual(["a.md", "RUN"]);
    expect(await verifyArchive(disk, "/p/packed")).toEqual([]);
  });

  it.each(["../outside.md", "/etc/passwd", "a/../../b"])("does not write to %s", async (to) => {
    const disk = finishedRun();
    const attempt = archiveRun({ ...options(disk), files: [{ to, content: "x" }] });
    await expect(attempt).rejects.toMatchObject({ code: "refused" });
  });

  it("keeps its own names", async () => {
    const attempt = archiveRun({ ...options(finishedRun()), files: [{ to: "manifest.json", content: "{}" }] });
    await expect(attempt).rejects.toMatchObject({ code: "usage" });
  });

  it("is not marked when a copy cannot be read back as it was written", async () => {
    const disk = finishedRun();
    const lossy: MemoryDisk = {
      ...disk,
      openAppend: (path) => {
        const file = disk.openAppend(path);
        return { ...file, append: (data) => file.append(data.subarray(1)) };
      },
    };
    await expect(archiveRun(options(lossy))).rejects.toMatchObject({ code: "damaged" });
    expect(disk.stat(`${ARCHIVE}/ARCHIVED`)).toBeUndefined();
  });
});

describe("a crash at every operation of archiving and clearing", () => {
  it.each(["kill", "power"] as const)("(%s) ends, called again, in one whole archive", async (kind) => {
    for (let crashAt = 1; ; crashAt += 1) {
      const disk = finishedRun().restart("kill");
      disk.faults.crashAt = crashAt;
      await archiveRun(options(disk)).catch(() => {});
      if (!disk.crashed()) clearSafely(disk);
      if (!disk.crashed()) {
        expect(crashAt).toBeGreaterThan(30);
        return;
      }
      const after = disk.restart(kind, 5);
      // Whatever was lost, the working folder is whole until an archive is.
      const cleared = after.stat(`${WORKING}/journal.jsonl`) === undefined;
      if (cleared) expect(await verifyArchive(after, ARCHIVE)).toEqual([]);
      else await archiveRun(options(after));
      expect(await verifyArchive(after, ARCHIVE)).toEqual([]);
      expect(namesIn(after)).toEqual(archivedFiles);
      expect(after.list("/p/.aiwg/archive/2026-03-01")).toEqual(["deployment-2.4.0"]);
      clearArchived(after, WORKING);
      expect(after.list("/p/.aiwg/working")).toEqual([]);
    }
  });

  function clearSafely(disk: MemoryDisk): void {
    try {
      clearArchived(disk, WORKING);
    } catch {
      // The crash that the test asked for.
    }
  }
});

describe("a working folder", () => {
  it("is not cleared without a mark, nor with one whose archive is gone or another", async () => {
    const disk = finishedRun();
    expect(clearArchived(disk, WORKING)).toBe(false);
    await archiveRun(options(disk));
    const manifest = disk.read(`${ARCHIVE}/manifest.json`);
    disk.writeAtomic(`${ARCHIVE}/manifest.json`, "{}");
    expect(clearArchived(disk, WORKING)).toBe(false);
    disk.remove(`${ARCHIVE}/manifest.json`);
    expect(clearArchived(disk, WORKING)).toBe(false);
    disk.writeAtomic(`${ARCHIVE}/manifest.json`, manifest);
    expect(clearArchived(disk, WORKING)).toBe(true);
    expect(disk.stat(WORKING)).toBeUndefined();
  });
});

describe("verifying", () => {
  it("finds any changed byte in any file and names the file", async () => {
    const disk = finishedRun();
    await archiveRun(options(disk));
    const files = Object.keys(disk.dump()).filter((path) => path.startsWith(`${ARCHIVE}/`));
    const change = fc.tuple(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([path, place, mask]) => {
        const bytes = disk.read(path);
        const offset = place % bytes.length;
        const changed = Uint8Array.from(bytes);
        changed[offset] = (bytes[offset] ?? 0) ^ mask;
        const tampered = disk.restart("kill");
        tampered.writeAtomic(path, changed);
        const named = (await verifyArchive(tampered, ARCHIVE)).map(({ file }) => file);
        // A broken mark or manifest says nothing about which of the two was changed.
        const name = path.slice(ARCHIVE.length + 1);
        expect(named).toEqual(
          ["ARCHIVED", "manifest.json"].includes(name)
            ? expect.arrayContaining([expect.any(String)])
            : expect.arrayContaining([name]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each<[name: string, change: (disk: MemoryDisk) => void, file: string, what: string]>([
    ["a missing file", (disk) => disk.remove(`${ARCHIVE}/audit-trail.md`), "audit-trail.md", "missing"],
    ["an added file", (disk) => disk.writeAtomic(`${ARCHIVE}/x.md`, "x"), "x.md", "not in the manifest"],
    ["an added link", (disk) => disk.symlink("/etc", `${ARCHIVE}/evidence/l`), "evidence/l", "not in the manifest"],
    [
      "no mark",
      (disk) => disk.remove(`${ARCHIVE}/ARCHIVED`),
      "ARCHIVED",
      "the mark is missing: not a complete archive",
    ],
    ["no manifest", (disk) => disk.remove(`${ARCHIVE}/manifest.json`), "manifest.json", "missing"],
  ])("names %s", async (_name, change, file, what) => {
    const disk = finishedRun();
    await archiveRun(options(disk));
    change(disk);
    expect(await verifyArchive(disk, ARCHIVE)).toContainEqual({ file, what });
  });

  it("finds a forged journal even when manifest and mark were forged to match", async () => {
    const disk = finishedRun();
    const journal = `${WORKING}/journal.jsonl`;
    disk.writeAtomic(journal, disk.readText(journal).replace("approved", "rejected"));
    await archiveRun(options(disk));
    const [difference] = await verifyArchive(disk, ARCHIVE);
    expect(difference).toEqual({
      file: "journal.jsonl",
      what: "line 2 (event 2): the content does not match its hash",
    });
  });
});

describe("on the real disk", () => {
  it("copies, verifies and clears", async () => {
    const root = mkdtempSync(join(tmpdir(), "archive-"));
    try {
      const workingDir = join(root, "working");
      realDisk.mkdir(join(workingDir, "evidence"));
      realDisk.writeAtomic(join(workingDir, "evidence/big.bin"), Buffer.alloc(1_000_000, 7));
      const archiveDir = join(root, "archive/2026-03-01/deployment-1.0.0");
      const archived = await archiveRun({ disk: realDisk, runId: run, workingDir, files: [], archiveDir });
      expect(archived.manifest.files.map(({ path, size }) => [path, size])).toEqual([
        ["evidence/big.bin", 1_000_000],
        ["RUN", 28],
      ]);
      expect(await verifyArchive(realDisk, archiveDir)).toEqual([]);
      expect(clearArchived(realDisk, workingDir)).toBe(true);
      expect(realDisk.list(root)).toEqual(["archive"]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
