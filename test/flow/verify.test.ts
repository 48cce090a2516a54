import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FlowEvent } from "../../mcp-server/flow/events.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import { advance, EMPTY_CHAIN, stampEvent } from "../../mcp-server/record/journal-line.ts";
import { canonicalJson, sha256 } from "../../mcp-server/vocab/index.ts";
import { type FakeWorld, fakeWorld, NEW, type WorldOptions } from "./fake-world.ts";
import { heapedWindows } from "./old-windows.ts";

const DIR = ".aiwg/archive/2026-03-01/deployment-2.0.0";
const bad = (world: FakeWorld) => void world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 });
const ended = async (o: WorldOptions = {}, script: (world: FakeWorld) => void = () => {}) => {
  const world = fakeWorld(o);
  script(world);
  const life = await world.live();
  if (life.error) throw life.error;
  return world;
};
const fileOf = (world: FakeWorld, name: string) => join(world.project.root, DIR, name);
const verified = (world: FakeWorld) => verifyArchive(world.project, DIR);

/** A service with users, whose people sign in roles. */
const PEOPLE: WorldOptions = {
  production: true,
  config: {
    canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
    observe: "15m",
    metrics: { poll: "60s" },
    approvals: {
      accept: ["terminal"],
      roles: [
        { role: "release-manager", persons: ["ada"] },
        { role: "reliability-engineer", persons: ["bob"] },
      ],
    },
  },
};

function sign(world: FakeWorld): void {
  const request = { kind: "approve", decision: "approve", planHash: planHash(world.plan), way: "terminal" } as const;
  world.ask({ ...request, person: "ada", role: "release-manager" });
  world.ask({ ...request, person: "bob", role: "reliability-engineer" });
}

/** Changes one byte in the middle of a file. */
function flip(world: FakeWorld, name: string): void {
  const disk = world.disk();
  const bytes = Buffer.from(disk.read(fileOf(world, name)));
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  disk.writeAtomic(fileOf(world, name), bytes);
}

/** Writes the journal anew with changed events, an unbroken chain, and a manifest and mark that fit. */
function forge(world: FakeWorld, change: (event: FlowEvent) => FlowEvent): void {
  const disk = world.disk();
  let tail = EMPTY_CHAIN;
  const lines: Uint8Array[] = [];
  for (const { epoch, at, actor, event } of world.events()) {
    const { stamped, bytes } = stampEvent(tail, { epoch, at, actor, event: change(event) }, FlowEvent);
    tail = advance(tail, stamped, bytes.length);
    lines.push(bytes);
  }
  const journal = Buffer.concat(lines);
  disk.writeAtomic(fileOf(world, "journal.jsonl"), journal);
  const manifest = JSON.parse(disk.readText(fileOf(world, "manifest.json"))) as {
    runId: string;
    files: { path: string }[];
  };
  const files = manifest.files.map((file) =>
    file.path === "journal.jsonl" ? { path: file.path, sha256: sha256(journal), size: journal.length } : file,
  );
  const text = `${canonicalJson({ ...manifest, files })}\n`;
  disk.writeAtomic(fileOf(world, "manifest.json"), text);
  const mark = { runId: manifest.runId, manifestSha256: sha256(text) };
  disk.writeAtomic(fileOf(world, "ARCHIVED"), `${canonicalJson(mark)}\n`);
}

/** Changes a document, and makes manifest and mark fit the changed one. */
function rewrite(world: FakeWorld, name: string): void {
  const disk = world.disk();
  const text = disk.readText(fileOf(world, name)).replace("2.0.0", "9.9.9");
  disk.writeAtomic(fileOf(world, name), text);
  const manifest = JSON.parse(disk.readText(fileOf(world, "manifest.json"))) as {
    runId: string;
    files: { path: string }[];
  };
  const files = manifest.files.map((file) =>
    file.path === name ? { path: name, sha256: sha256(text), size: Buffer.byteLength(text) } : file,
  );
  const whole = `${canonicalJson({ ...manifest, files })}\n`;
  disk.writeAtomic(fileOf(world, "manifest.json"), whole);
  const mark = { runId: manifest.runId, manifestSha256: sha256(whole) };
  disk.writeAtomic(fileOf(world, "ARCHIVED"), `${canonicalJson(mark)}\n`);
}

describe("an archive", () => {
  test.each<{ outcome: string; options?: WorldOptions; script?: (world: FakeWorld) => void }>([
    { outcome: "SUCCESS" },
    { outcome: "SUCCESS", options: { config: { staging: { observe: "30s" } } } },
    { outcome: "SUCCESS", options: { parameters: { strategy: "blue-green" } } },
    { outcome: "ROLLED_BACK", script: bad },
    { outcome: "BLOCKED", options: { failingTests: 2 } },
    {
      outcome: "ABORTED",
      script: (world) =>
        world.when(
          () => true,
          () => void world.ask({ kind: "abort", reason: "no" }),
        ),
    },
    {
      outcome: "UNPROVEN",
      options: { unattended: true },
      script: (world) => {
        world.platform.rps.production = 0.1;
      },
    },
  ])("of $outcome is what it says", async ({ outcome, options, script }) => {
    const result = await verified(await ended(options, script));
    expect(result.differences).toEqual([]);
    expect(result).toMatchObject({ ok: true, outcome, version: NEW });
    expect(result.checked.gates).toBeGreaterThan(outcome === "ABORTED" ? -1 : 0);
  });

  test("still is after its runner died three times", async () => {
    const world = fakeWorld();
    bad(world);
    for (const n of [20, 12, 8]) await world.live({ at: "append", n });
    await world.live();
    expect(await verified(world)).toMatchObject({ ok: true, outcome: "ROLLED_BACK", differences: [] });
  });

  test("in which any byte of any file was changed names that file", async () => {
    const world = await ended();
    const top = `${fileOf(world, "")}/`;
    const names = Object.keys(world.disk().dump())
      .filter((path) => path.startsWith(top))
      .map((path) => path.slice(top.length));
    expect(names).toEqual(
      expect.arrayContaining(["journal.jsonl", "plan.json", "manifest.json", "ARCHIVED", "metrics.json"]),
    );
    for (const name of names) {
      const before = Buffer.from(world.disk().read(fileOf(world, name)));
      if (before.length === 0) continue;
      flip(world, name);
      const { ok, differences } = await verified(world);
      expect(ok, name).toBe(false);
      // The mark holds the manifest's digest: another digest is a manifest that does not fit, anything else is no mark.
      const named = name === "ARCHIVED" ? ["ARCHIVED", "manifest.json"] : [name];
      expect(
        differences.some(({ file }) => file !== undefined && named.includes(file)),
        `${name}: ${JSON.stringify(differences)}`,
      ).toBe(true);
      world.disk().writeAtomic(fileOf(world, name), before);
    }
    expect((await verified(world)).ok).toBe(true);
  });

  test("whose report was rewritten, with a manifest to match, is found out by the journal", async () => {
    const world = await ended();
    const report = Object.keys(world.disk().dump())
      .map((path) => path.slice(fileOf(world, "").length + 1))
      .find((name) => name.endsWith("deployment-report-2.0.0.md"));
    if (report === undefined) throw new Error("the archive has no report");
    rewrite(world, report);
    expect((await verified(world)).differences).toEqual([
      { file: report, what: "not the document that the journal names" },
    ]);
  });

  test("from which a file is gone, or to which one was added, names it", async () => {
    const world = await ended();
    world.disk().remove(fileOf(world, "plan.json"));
    world.disk().writeAtomic(fileOf(world, "extra.txt"), "x");
    const files = (await verified(world)).differences.map(({ file }) => file);
    expect(files).toEqual(expect.arrayContaining(["plan.json", "extra.txt"]));
  });

  test.each<{
    name: string;
    failingTests?: number;
    config?: Record<string, unknown>;
    change: (event: FlowEvent) => FlowEvent;
    says: RegExp;
  }>([
    {
      name: "a gate",
      failingTests: 2,
      change: (event) =>
        event.event === "gate"
          ? { ...event, gate: { ...event.gate, verdict: { ...event.gate.verdict, outcome: "PASS" } } }
          : event,
      says: /gate staging\/gate recorded PASS, the evidence gives FAIL/,
    },
    {
      name: "the tests' verdict",
      failingTests: 2,
      change: (event) => {
        if (event.event !== "result" || event.key !== "staging/tests") return event;
        const value = event.value as { verdict: object };
        return { ...event, value: { ...value, verdict: { ...value.verdict, outcome: "PASS" } } as never };
      },
      says: /tests were recorded as PASS, the evidence gives FAIL/,
    },
    {
      name: "a smoke verdict",
      change: (event) =>
        event.event === "smoke" ? { ...event, verdict: { ...event.verdict, outcome: "FAIL" } } : event,
      says: /smoke verdict does not follow/,
    },
    {
      name: "a verdict on the user journeys",
      config: { journeys: [{ id: "buy", steps: [{ path: "/" }] }] },
      change: (event) =>
        event.event === "journeys" ? { ...event, verdict: { ...event.verdict, outcome: "FAIL" } } : event,
      says: /verdict on the journeys does not follow/,
    },
    {
      name: "what a poll measured",
      change: (event) =>
        event.event === "poll"
          ? { ...event, increments: event.increments.map((one) => ({ ...one, exposure: one.exposure * 2 })) }
          : event,
      says: /gate production\/gate recorded PASS/,
    },
  ])(
    "whose journal was forged whole, with another word on $name, is found out by judging again",
    async ({ failingTests, config, change, says }) => {
      const world = await ended({
        ...(failingTests === undefined ? {} : { failingTests }),
        ...(config === undefined ? {} : { config }),
      });
      forge(world, (event) => event);
      expect((await verified(world)).differences).toEqual([]);
      forge(world, change);
      const { ok, differences } = await verified(world);
      expect(ok).toBe(false);
      expect(differences.map(({ what }) => what).join("; ")).toMatch(says);
    },
  );

  test("whose dispersion was measured is calibrated again", async () => {
    const world = await ended({}, (own) => {
      own.senses.windows = heapedWindows(8);
    });
    expect((await verified(world)).differences).toEqual([]);
    const quiet = (event: FlowEvent): FlowEvent => {
      const dispersion = event.event === "baseline" && event.snapshot?.dispersions?.["error-rate"];
      if (event.event !== "baseline" || !event.snapshot || !dispersion) return event;
      const dispersions = { ...event.snapshot.dispersions, "error-rate": { ...dispersion, phi: 1 } };
      return { ...event, snapshot: { ...event.snapshot, dispersions } };
    };
    forge(world, quiet);
    const { ok, differences } = await verified(world);
    expect(ok).toBe(false);
    expect(differences.map(({ what }) => what)).toContain(
      "the dispersion of the metrics does not follow from the recorded windows",
    );
  });

  test("whose way back was judged by nobody does not end as rolled back", async () => {
    const world = fakeWorld();
    bad(world);
    await world.live();
    const noted: FlowEvent = { event: "notice", level: "info", text: "nothing to see" };
    forge(world, (event) => (event.event === "gate" && event.key === "rollback/gate" ? noted : event));
    const { differences } = await verified(world);
    expect(differences.map(({ what }) => what).join("; ")).toMatch(/the outcome ROLLED_BACK does not follow/);
  });

  test.each<{ name: string; change: (event: FlowEvent) => FlowEvent; says: RegExp }>([
    {
      name: "the incident",
      change: (event) => (event.event === "incident" ? { ...event, incident: "INC-8" } : event),
      says: /nobody asked for the incident/,
    },
    {
      name: "the role of an approval",
      change: (event) => (event.event === "approval" ? { ...event, role: "operations-lead" } : event),
      says: /nobody asked to sign as operations lead/,
    },
    {
      name: "the person of a sign-off",
      change: (event) => (event.event === "sign-off" ? { ...event, person: "eve" } : event),
      says: /nobody asked to sign as reliability engineer/,
    },
    {
      name: "a sign-off and its request alike",
      change: (event) => {
        if (event.event === "sign-off") return { ...event, person: "eve" };
        const { request } = event.event === "request" ? event : { request: undefined };
        return event.event === "request" && request?.kind === "approve" && request.person === "bob"
          ? { ...event, request: { ...request, person: "eve" } }
          : event;
      },
      says: /does not name this person as reliability engineer/,
    },
  ])("in which $name was rewritten, with an unbroken chain, names it", async ({ change, says }) => {
    const world = await ended(PEOPLE, (world) => {
      bad(world);
      world.when(
        ({ event }) => event.event === "question",
        () => sign(world),
      );
      world.when(
        ({ event }) => event.event === "rollback-latched",
        () => void world.ask({ kind: "incident", incident: "INC-7", way: "terminal", person: "ada" }),
      );
    });
    expect(await verified(world)).toMatchObject({ ok: true, outcome: "ROLLED_BACK", differences: [] });
    forge(world, change);
    expect((await verified(world)).differences).toContainEqual({
      file: "journal.jsonl",
      line: expect.any(Number),
      what: expect.stringMatching(says),
    });
  });

  test("whose plan was exchanged is found out by the hash that was approved", async () => {
    const world = await ended();
    const plan = JSON.parse(world.disk().readText(fileOf(world, "plan.json"))) as object;
    world.disk().writeAtomic(fileOf(world, "plan.json"), JSON.stringify({ ...plan, regressionThreshold: 50 }));
    expect((await verified(world)).differences).toContainEqual({
      file: "plan.json",
      what: expect.stringMatching(/not the plan/),
    });
  });
});
