import { describe, expect, it } from "vitest";
import { listBaselines, loadBaseline, saveBaseline } from "../../mcp-server/record/baselines.ts";
import { loadEvidence, type NewEvidence, storeEvidence } from "../../mcp-server/record/evidence-store.ts";
import { appendHistory, type HistoryEntry, readHistory } from "../../mcp-server/record/history.ts";
import { archiveFolder, artifactPath, projectPaths } from "../../mcp-server/record/paths.ts";
import { type Instant, type Label, type RunId, sha256, type Version } from "../../mcp-server/vocab/index.ts";
import { memoryDisk } from "../fakes/index.ts";

const at = "2026-03-01T12:00:00.000Z" as Instant;
const version = "2.4.0" as Version;
const runId = (n: number) => `dpl-20260301T120000Z-${String(n).padStart(6, "0")}` as RunId;

describe("evidence", () => {
  const evidence: NewEvidence = {
    name: "tests/Candidate run",
    raw: Buffer.from("<raw/>"),
    stored: Buffer.from("rows"),
    ext: "ndjson",
    origin: "presented",
    version,
    at,
  };

  it("is kept under its content, with digests of both forms", () => {
    const place = { disk: memoryDisk(), dir: "/wd/evidence" };
    const { ref, file } = storeEvidence(place, evidence);
    expect(file).toBe(`/wd/evidence/tests-candidate-run-${sha256("rows").slice(0, 12)}.ndjson`);
    expect(ref).toEqual({
      name: evidence.name,
      rawSha256: sha256("<raw/>"),
      storedSha256: sha256("rows"),
      origin: "presented",
      version,
      at,
    });
    expect(Buffer.from(loadEvidence(place, ref)).toString()).toBe("rows");
  });

  it("is stored once, and takes the digest of raw bytes that are too many", () => {
    const place = { disk: memoryDisk(), dir: "/wd/evidence" };
    const first = storeEvidence(place, evidence);
    expect(storeEvidence(place, { ...evidence, raw: sha256("<raw/>") })).toEqual(first);
    expect(place.disk.list(place.dir)).toHaveLength(1);
    expect(storeEvidence(place, { ...evidence, name: "///", ext: "json" }).file).toContain("/evidence-");
  });

  it.each([
    ["changed", (path: string, disk: ReturnType<typeof memoryDisk>) => disk.writeAtomic(path, "rowz")],
    ["removed", (path: string, disk: ReturnType<typeof memoryDisk>) => disk.remove(path)],
  ])("that was %s is refused by name", (_name, change) => {
    const disk = memoryDisk();
    const place = { disk, dir: "/wd/evidence" };
    const { ref, file } = storeEvidence(place, evidence);
    change(file, disk);
    expect(() => loadEvidence(place, ref)).toThrow(expect.objectContaining({ code: "damaged" }));
    if (disk.stat(file))
      expect(() => storeEvidence(place, evidence)).toThrow(expect.objectContaining({ where: { file } }));
  });
});

describe("history", () => {
  const path = "/p/.aiwg/deployment/history.jsonl";
  const entry = (n: number): HistoryEntry => ({
    runId: runId(n),
    version,
    strategy: "canary",
    outcome: "SUCCESS",
    startedAt: at,
    endedAt: at,
    durationMs: 1000,
    gates: 3,
  });

  it("has each run once", () => {
    const disk = memoryDisk();
    expect([1, 2, 1].map((n) => appendHistory(disk, path, entry(n)))).toEqual([true, true, false]);
    expect(readHistory(disk, path)).toEqual({ entries: [entry(1), entry(2)], badLines: [] });
  });

  it("reports a bad line and goes on", () => {
    const disk = memoryDisk();
    appendHistory(disk, path, entry(1));
    disk.writeAtomic(path, `oops\n${disk.readText(path)}{"runId":"x"}\n`);
    expect(readHistory(disk, path)).toEqual({
      entries: [entry(1)],
      badLines: [1, 3].map((line) => ({ line, what: "not an entry of the history" })),
    });
  });

  it("loses no run at a crash, nor doubles one", () => {
    for (let crashAt = 1; ; crashAt += 1) {
      const disk = memoryDisk();
      appendHistory(disk, path, entry(1));
      disk.faults.crashAt = disk.operations() + crashAt;
      try {
        appendHistory(disk, path, entry(2));
        expect(crashAt).toBeGreaterThan(2);
        return;
      } catch {
        const after = disk.restart("kill");
        appendHistory(after, path, entry(2));
        expect(readHistory(after, path).entries).toEqual([entry(1), entry(2)]);
      }
    }
  });
});

describe("baselines", () => {
  const label = "production" as Label;
  const ref = storeEvidence(
    { disk: memoryDisk(), dir: "/e" },
    { name: "tests", raw: Buffer.from("r"), stored: Buffer.from("rows-1"), origin: "executed", version, at },
  ).ref;

  it("give back what was stored, replaced as a whole", () => {
    const place = { disk: memoryDisk(), dir: "/p/.aiwg/baselines" };
    expect(loadBaseline(place, label)).toBeUndefined();
    saveBaseline(place, label, { version, at, tests: { stored: Buffer.from("rows-1"), ref }, metrics: { p99: 120 } });
    const first = loadBaseline(place, label);
    expect(first?.record).toMatchObject({ label, version, testsRef: ref });
    expect(Buffer.from(first?.tests ?? []).toString()).toBe("rows-1");
    expect(first?.metrics).toEqual({ p99: 120 });
    saveBaseline(place, label, {
      version: "2.5.0" as Version,
      at,
      runId: runId(1),
      note: "stayed unproven",
      metrics: [1],
    });
    expect(loadBaseline(place, label)).toMatchObject({
      record: { version: "2.5.0", note: "stayed unproven" },
      metrics: [1],
    });
    expect(loadBaseline(place, label)?.tests).toBeUndefined();
    expect(place.disk.list("/p/.aiwg/baselines/production")).toHaveLength(2);
    expect(listBaselines(place)).toEqual([label]);
  });

  it("are the old or the new one after a crash at any moment", () => {
    for (let crashAt = 1; ; crashAt += 1) {
      const disk = memoryDisk();
      const place = { disk, dir: "/b" };
      saveBaseline(place, label, { version, at, metrics: 1 });
      disk.faults.crashAt = disk.operations() + crashAt;
      try {
        saveBaseline(place, label, { version, at, metrics: 2 });
        expect(crashAt).toBeGreaterThan(6);
        return;
      } catch {
        for (const kind of ["kill", "power"] as const) {
          expect([1, 2]).toContain(loadBaseline({ disk: disk.restart(kind), dir: "/b" }, label)?.metrics);
        }
      }
    }
  });

  it.each(["baseline.json", "metrics"])("whose %s was changed are refused by name", (name) => {
    const disk = memoryDisk();
    saveBaseline({ disk, dir: "/b" }, label, { version, at, metrics: { p99: 120 } });
    const file = `/b/production/${disk.list("/b/production").find((found) => found.startsWith(name))}`;
    disk.writeAtomic(file, disk.readText(file).replace(/[0-9]/, "z"));
    expect(() => loadBaseline({ disk, dir: "/b" }, label)).toThrow(
      expect.objectContaining({ code: "damaged", where: { file } }),
    );
  });
});

describe("paths", () => {
  it("are those of the project, and the lock outlives the working folder", () => {
    const paths = projectPaths("/p");
    expect(paths.journal).toBe("/p/.aiwg/working/deployment/journal.jsonl");
    expect(paths.lock.startsWith(paths.working)).toBe(false);
    const run = { at, version, runId: runId(1) };
    expect(archiveFolder(paths, run)).toBe("/p/.aiwg/archive/2026-03-01/deployment-2.4.0");
    expect(artifactPath(paths, "reports", "deployment-report-2.4.0")).toBe(".aiwg/reports/deployment-report-2.4.0.md");
  });
});
