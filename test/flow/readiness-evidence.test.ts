import "./without-reports.ts";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { answerDifference } from "../../mcp-server/flow/readiness-evidence.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import type { Answer } from "../../mcp-server/judge/index.ts";
import { canonicalJson, type Json, sha256 } from "../../mcp-server/vocab/index.ts";
import type { FakeHttp } from "../fakes/index.ts";
import { type FakeWorld, fakeWorld } from "./fake-world.ts";

const DIR = ".aiwg/archive/2026-03-01/deployment-2.0.0";
const SARIF = {
  version: "2.1.0",
  runs: [
    {
      tool: { driver: { name: "scan" } },
      invocations: [{ executionSuccessful: true, endTimeUtc: fakeWorld().clock.wall() }],
      results: [{ ruleId: "weak-hash", level: "warning" }],
    },
  ],
};
const AUDIT = {
  auditReportVersion: 2,
  vulnerabilities: { left: { name: "left", severity: "low", via: ["GHSA-aaaa-bbbb-cccc"] } },
  metadata: { vulnerabilities: { total: 1 } },
};
const REPORT = '<testsuite name="s" tests="1"><testcase classname="s" name="a"/></testsuite>';
const OLD_ENOUGH = "36500d";
/** One check of each kind that a machine makes from something that can be kept. */
const CHECKS = [
  { kind: "command", id: "signature", criterion: "SEC-2", command: ["verify"] },
  { kind: "http", id: "tracker", criterion: "TST-3", url: "http://tracker.test/", json: { path: "open", atMost: 0 } },
  {
    kind: "file",
    id: "notes",
    criterion: "OPS-1",
    file: "notes.json",
    maxAge: OLD_ENOUGH,
    json: { path: "done", equals: true },
  },
  { kind: "tests", id: "regression", criterion: "TST-2", reports: ["suite.xml"], maxAge: OLD_ENOUGH },
  { kind: "sarif", id: "code", criterion: "SEC-1", file: "scan.sarif" },
  { kind: "npm-audit", id: "packages", criterion: "SEC-1", file: "audit.json", maxAge: OLD_ENOUGH },
];

async function ended(): Promise<FakeWorld> {
  const world = fakeWorld({ config: { readiness: { checks: CHECKS } } });
  const put = (name: string, value: unknown) =>
    world.disk().writeAtomic(join(world.project.root, name), typeof value === "string" ? value : JSON.stringify(value));
  put("notes.json", { done: true });
  put("suite.xml", REPORT);
  put("scan.sarif", SARIF);
  put("audit.json", AUDIT);
  (world.project.ports.http as FakeHttp).routes["http://tracker.test/"] = '{"open":0}';
  const life = await world.live();
  if (life.error) throw life.error;
  return world;
}

const pathOf = (world: FakeWorld, name: string) => join(world.project.root, DIR, name);
const answers = (world: FakeWorld, id: string) =>
  [...world.state().results].filter(([key]) => /^readiness\/\d+\//.test(key) && key.endsWith(`/${id}`));

/** Changes the stored evidence of a check, with a manifest and a mark to match: only the journal is left to tell. */
function forgeEvidence(world: FakeWorld, id: string, change: (text: string) => string): string {
  const disk = world.disk();
  const entry = world.state().evidence.find(({ ref }) => ref.name === `readiness/${id}`);
  if (!entry) throw new Error(`nothing is kept of ${id}`);
  const name = `evidence/${entry.file}`;
  const text = change(disk.readText(pathOf(world, name)));
  disk.writeAtomic(pathOf(world, name), text);
  const manifest = JSON.parse(disk.readText(pathOf(world, "manifest.json"))) as {
    runId: string;
    files: { path: string }[];
  };
  const files = manifest.files.map((file) =>
    file.path === name ? { path: name, sha256: sha256(text), size: Buffer.byteLength(text) } : file,
  );
  const whole = `${canonicalJson({ ...manifest, files })}\n`;
  disk.writeAtomic(pathOf(world, "manifest.json"), whole);
  const mark = { runId: manifest.runId, manifestSha256: sha256(whole) };
  disk.writeAtomic(pathOf(world, "ARCHIVED"), `${canonicalJson(mark)}\n`);
  return name;
}

describe("what readiness checks rest on", () => {
  test("is kept, and gives the same answers again", async () => {
    const world = await ended();
    for (const { id } of CHECKS) {
      const [key, value] = answers(world, id)[0] ?? [];
      expect([id, (value as Answer | undefined)?.status]).toEqual([id, "pass"]);
      expect((value as unknown as Answer).evidence, `${key}`).toHaveLength(1);
    }
    expect((await verifyArchive(world.project, DIR)).differences).toEqual([]);
  });

  test.each(CHECKS.map(({ id }) => id))("of %s: one changed byte shows, with a manifest to match too", async (id) => {
    const world = await ended();
    const name = forgeEvidence(world, id, (text) => text.replace(/\d|t/, (found) => (found === "1" ? "2" : "1")));
    const { differences } = await verifyArchive(world.project, DIR);
    expect(differences).toContainEqual({ file: name, what: "not the evidence that the journal names" });
    expect(
      differences.some(({ what }) => what.startsWith("readiness/1/") && what.includes("cannot be judged again")),
    ).toBe(true);
  });

  test("of a check that is gone is missed", async () => {
    const world = await ended();
    const entry = world.state().evidence.find(({ ref }) => ref.name === "readiness/code");
    world.disk().remove(pathOf(world, `evidence/${entry?.file}`));
    const { differences } = await verifyArchive(world.project, DIR);
    expect(differences).toContainEqual({
      file: `evidence/${entry?.file}`,
      what: "evidence that the journal names is missing",
    });
  });

  test.each<{ name: string; id: string; change: (answer: Answer) => object; says: RegExp | undefined }>([
    { name: "the same answer", id: "code", change: (answer) => answer, says: undefined },
    {
      name: "another result",
      id: "code",
      change: (answer) => ({ ...answer, status: "fail" }),
      says: /recorded fail, its evidence gives pass/,
    },
    {
      name: "other words",
      id: "tracker",
      change: (answer) => ({ ...answer, text: "open is 7" }),
      says: /or other words/,
    },
    {
      name: "a longer life",
      id: "notes",
      change: (answer) => ({ ...answer, validUntil: "2199-01-01T00:00:00.000Z" }),
      says: /or other words/,
    },
    {
      name: "an acceptance",
      id: "packages",
      change: (answer) => ({ ...answer, accepted: ["x accepted by ada"] }),
      says: /or other words/,
    },
    {
      name: "no evidence",
      id: "regression",
      change: (answer) => ({ ...answer, evidence: [] }),
      says: /passed without evidence/,
    },
    {
      name: "no evidence, and no pass",
      id: "regression",
      change: (answer) => ({ ...answer, status: "unknown", evidence: [] }),
      says: undefined,
    },
    { name: "no answer", id: "signature", change: () => ({ code: 0 }), says: /not an answer/ },
  ])("is judged again against $name", async ({ id, change, says }) => {
    const world = await ended();
    const [key = "", value] = answers(world, id)[0] ?? [];
    const place = { disk: world.disk(), dir: pathOf(world, "evidence") };
    const recorded = JSON.parse(JSON.stringify(change(value as unknown as Answer))) as Json;
    const found = answerDifference(place, world.state(), key, recorded);
    if (says === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(says);
  });
});
