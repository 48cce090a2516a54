import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownerLives } from "../../mcp-server/flow/owner.ts";
import { toolIo } from "../../mcp-server/hosts/io.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { approve } from "../../mcp-server/tools/approve.ts";
import type { Confirmation } from "../../mcp-server/tools/tool.ts";
import { editConfig, makeWorld, type World } from "../e2e/world.ts";
import { type McpClient, overStdio, type Seen } from "./mcp-client.ts";
import { PROGRAM, run } from "./process.ts";

type Agent = McpClient & { stderr: () => string };

function agentOn(root: string): Promise<Agent> {
  return overStdio({ program: PROGRAM, args: ["serve", "--project", root], cwd: root });
}

/** Calls deploy-next, as an agent does, until it says what is waited for. */
async function nextUntil(agent: Agent, wanted: (data: Record<string, unknown>) => boolean): Promise<Seen> {
  for (;;) {
    const seen = await agent.call("deploy-next");
    if (seen.isError) throw new Error(seen.text);
    if (wanted(seen.data ?? {})) return seen;
    const isOver = seen.data?.state === "none" || seen.data?.archive !== undefined;
    if (isOver) throw new Error(`ended before: ${seen.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function expectFits(seen: Seen): void {
  expect(encode(JSON.stringify(seen.data)).length).toBeLessThanOrEqual(2000);
  expect(encode(seen.text).length).toBeLessThanOrEqual(2000);
  // Hosts show a model the text or the data, never both: each alone says how it stands, why, and what is next.
  expect(seen.text).toContain(`next: ${String(seen.data?.next)}`);
  expect(seen.text).toContain(String(seen.data?.verdict ?? seen.data?.outcome ?? seen.data?.state));
  for (const { text } of (seen.data?.reasons ?? []) as { text: string }[]) expect(seen.text).toContain(text);
}

describe("briefs for agents", () => {
  let world: World;
  let agent: Agent;
  beforeAll(async () => {
    world = await makeWorld();
    // Wide where a busy machine could look like a bad release.
    editConfig(world.project.root, [
      [["waits", "advice"], "5m"],
      [["regressionThreshold"], 100],
      [["triggers", "latencyP99Pct"], 5_000],
      [["slo", "latencyP99Ms"], 8_000],
    ]);
    agent = await agentOn(world.project.root);
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  type Brief = { id: string; role: string; step: string; text: string };
  const briefsOf = (seen: Seen) => (seen.data?.briefs ?? []) as Brief[];
  const handIn = (brief: Brief, where: string | undefined) =>
    agent.call("artifact-write", {
      path: `.aiwg/working/deployment/findings-${brief.id}.md`,
      kind: "findings",
      title: `what the ${brief.role} found`,
      findings: [{ severity: "info", text: `checked by the ${brief.role}`, ...(where ? { where } : {}) }],
    });

  it("are waited for before readiness is decided and before reports are written, and need their evidence", async () => {
    await agent.call("deploy-start", { version: "2.0.0" });
    const asked = await nextUntil(agent, ({ briefs }) => (briefs as Brief[]).length > 0);
    expect(briefsOf(asked).map(({ id }) => id)).toEqual([
      "readiness-project-manager",
      "readiness-devops-engineer",
      "readiness-reliability-engineer",
    ]);
    expectFits(asked);
    expect(asked.text).toContain(briefsOf(asked)[0]?.text.slice(0, 40));
    const [first] = briefsOf(asked);
    if (!first) throw new Error("no brief");
    expect(await handIn(first, undefined)).toMatchObject({ isError: true, text: expect.stringContaining("evidence") });
    expect(await handIn({ ...first, id: "readiness-nobody" }, "README.md:1")).toMatchObject({ isError: true });
    for (const brief of briefsOf(asked)) {
      expect((await handIn(brief, "README.md:1")).data).toMatchObject({ verdict: "WRITTEN" });
    }
    const ended = await nextUntil(agent, ({ state, briefs }) => state === "finished" && (briefs as Brief[]).length > 0);
    expect(briefsOf(ended).map(({ id }) => id)).toEqual(["report-deployment-manager", "report-support-lead"]);
    for (const brief of briefsOf(ended)) {
      expect((await handIn(brief, "deployment-report")).data).toMatchObject({ verdict: "WRITTEN" });
    }
    const done = await agent.call("deploy-next", { wait: 30 });
    expect(done.data).toMatchObject({ state: "finished", briefs: [], outcome: "SUCCESS" });
    const status = await world.ended();
    const archive = join(world.project.root, status.archive ?? "");
    const report = readFileSync(join(archive, "artifacts/reports/deployment-report-2.0.0.md"), "utf8");
    expect(report).toMatch(/checked by the deployment\\?-manager/);
    const verified = await run(world.project.root, ["verify", archive, "--format", "json"]);
    expect(verified.code, verified.out).toBe(0);
  });
});

describe("a run through the doors", () => {
  let world: World;
  let agent: Agent;
  const root = () => world.project.root;

  beforeAll(async () => {
    world = await makeWorld();
    agent = await agentOn(root());
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  it("is started by an agent, goes on by itself, and can be read to its end", async () => {
    const started = await agent.call("deploy-start", { version: "2.0.0" });
    expect(started.text).toMatch(/^dpl-.*shop 2\.0\.0 \(after 1\.9\.0\), canary: running/);
    // What the skill passes on word for word: the plan, its hash, and what will not be judged.
    const message = String(started.data?.message);
    expect(message).toMatch(/^Deploying shop 2\.0\.0, which replaces 1\.9\.0\./);
    expect(message).toContain(`Plan:     ${started.data?.planHash}`);
    expect(message).toMatch(/Will not be judged\n- [a-z.]+: \S/);
    expect(started.text).toContain(message);
    const again = await agent.call("deploy-start", { version: "3.0.0" });
    expect(again).toMatchObject({ isError: true });
    expect(again.text).toContain("a run is under way");
    const done = await nextUntil(agent, (data) => data.archive !== undefined);
    expect(done.data).toMatchObject({ outcome: "SUCCESS", runningVersion: "2.0.0", exitCode: 0, briefs: [] });
    expectFits(done);
    expectFits(await agent.call("slo-monitor"));
    expect(agent.stderr()).toBe("");
  });

  it("can be read as resources: status in full, journal line by line, every document", async () => {
    const { resources } = await agent.client.listResources();
    const documents = resources.filter((resource) => resource.uri.includes("/artifacts/"));
    expect(documents.length).toBeGreaterThan(5);
    for (const { uri } of resources) {
      const { contents } = await agent.client.readResource({ uri });
      expect((contents[0] as { text: string }).text.length, uri).toBeGreaterThan(10);
    }
    const journal = resources.find((resource) => resource.uri.endsWith("/journal"));
    const { contents } = await agent.client.readResource({ uri: journal?.uri ?? "" });
    expect((contents[0] as { text: string }).text.trimEnd().split("\n")).toHaveLength(world.events().length);
  });

  it("leaves a service whose smoke checks and metrics can be captured, as evidence for a gate", async () => {
    const smoke = await agent.call("smoke-test", { env: "production" });
    expect(smoke.data).toMatchObject({ verdict: "PASS", env: "production", version: "2.0.0" });
    expectFits(smoke);
    expect(smoke.progress.length).toBeGreaterThan(1);
    writeFileSync(join(root(), "smoke.json"), JSON.stringify(smoke.data));
    const gate = await agent.call("gate-decision", { gate: "production", evidence: ["smoke.json"] });
    expect(gate.data).toMatchObject({ verdict: "INCONCLUSIVE", dimensions: { smoke: { outcome: "PASS" } } });
    const captured = await agent.call("baseline-capture", { label: "quiet-monday" });
    expect(captured.data).toMatchObject({ verdict: "CAPTURED", version: "2.0.0", parts: [{ part: "metrics" }] });
    expect(await agent.call("smoke-test", { env: "staging" })).toMatchObject({ isError: true });
  });

  it("is announced when its runner was killed, first thing, and stopped by anybody", async () => {
    await agent.call("deploy-start", { version: "3.0.0" });
    const { contents } = await agent.client.readResource({ uri: "deploy://status" });
    const { runner } = JSON.parse((contents[0] as { text: string }).text) as { runner: { pid: number } };
    process.kill(runner.pid, "SIGKILL");
    // A killed process is there for a moment longer; until then its owner is merely slow to answer.
    while (ownerLives(world.project)) await world.project.ports.clock.sleep(10);
    const seen = await agent.call("deploy-next");
    expect(seen.text).toMatch(/^the runner of run dpl-\S+ was dead and has been started again/);
    expect(seen.data?.announcement).toBe(seen.text.split("\n")[0]);
    const stopped = await agent.call("deploy-decide", {
      decision: "rollback",
      reason: "seen enough\npassword=hunter22",
    });
    expect(stopped.data).toMatchObject({ taken: true });
    const done = await nextUntil(agent, (data) => data.archive !== undefined);
    expect(["ABORTED", "ROLLED_BACK"]).toContain(done.data?.outcome);
    const journal = JSON.stringify(world.events());
    expect(journal).toContain("seen enough");
    expect(journal).not.toContain("hunter22");
    const late = await agent.call("deploy-decide", { decision: "abort", reason: "again" });
    expect(late).toMatchObject({ isError: true });
  });

  it("takes notes and findings of agents, and renders its own documents itself", async () => {
    await agent.call("deploy-start", { version: "3.0.1" });
    const note = { path: ".aiwg/working/deployment/note.md", title: "Seen", kind: "deployment-report" };
    const refused = await agent.call("artifact-write", note);
    expect(refused.text).toContain("rendered from the journal");
    const written = await agent.call("artifact-write", { ...note, kind: "observation" });
    expect(written.data).toMatchObject({ verdict: "WRITTEN", status: "draft" });
    const findings = { action: "advise", step: "observe", role: "qa-engineer", findings: "all quiet" };
    expect((await agent.call("deploy-execute", findings)).data).toMatchObject({ taken: true });
    expect((await agent.call("deploy-execute", { action: "advise" })).text).toContain("findings need a step");
    const done = await nextUntil(agent, (data) => data.archive !== undefined);
    expect(done.data).toMatchObject({ outcome: "SUCCESS" });
  });
});

describe("a run in a job, without a terminal", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world.close());

  it("stays until the outcome, writes plain lines with times, and ends with the outcome's code", async () => {
    const ended = await run(world.project.root, ["run", "2.0.0"]);
    expect(ended, ended.out).toMatchObject({ code: 0, err: "" });
    const lines = ended.out.split("\n");
    expect(lines[0]).toBe("Deploying shop 2.0.0, which replaces 1.9.0.");
    const first = lines.findIndex((line) => /^\d\d:\d\d:\d\dZ plan [0-9a-f]{64} of version 2\.0\.0$/.test(line));
    expect(first).toBeGreaterThan(0);
    const told = lines.slice(
      first,
      lines.findIndex((line) => line.startsWith("──")),
    );
    expect(told.every((line) => /^\d\d:\d\d:\d\dZ \S/.test(line))).toBe(true);
    expect(told.some((line) => line.includes("GATE production: PASS"))).toBe(true);
    expect(ended.out).toContain("Deployment SUCCESS: shop 2.0.0");
    expect(ended.out).not.toContain("\u001b");
    const status = await run(world.project.root, ["status", "--format", "json"]);
    expect(JSON.parse(status.out)).toMatchObject({ state: "finished", outcome: "SUCCESS" });
    expect((await run(world.project.root, ["status", "--watch"])).out).toContain("Deployment SUCCESS: shop 2.0.0");
    const history = JSON.parse((await run(world.project.root, ["history", "--format", "json"])).out);
    expect(await run(world.project.root, ["verify", history.entries[0].archive])).toMatchObject({ code: 0 });
  });

  it("goes back when it is told to end, and says so in its code", async () => {
    const child = spawn(process.execPath, [PROGRAM, "run", "3.0.0", "--format", "json"], { cwd: world.project.root });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    const code = await new Promise<number | null>((resolve) => {
      child.stderr.on("data", (chunk: Buffer) => {
        const before = err.includes("step execute");
        err += chunk.toString("utf8");
        if (!before && err.includes("step execute")) child.kill("SIGTERM");
      });
      child.on("close", resolve);
    });
    const data = JSON.parse(out) as { outcome: string; exitCode: number };
    expect(["ABORTED", "ROLLED_BACK"]).toContain(data.outcome);
    expect(code).toBe(data.outcome === "ABORTED" ? 11 : 20);
    expect(data.exitCode).toBe(code);
    expect(await run(world.project.root, ["status"])).toMatchObject({ code });
  });
});

describe("the approval of a plan for real users", () => {
  let world: World;
  let agent: Agent;
  let planHash = "";
  const root = () => world.project.root;

  beforeAll(async () => {
    world = await makeWorld();
    editConfig(root(), [
      [["target", "production"], true],
      [["canary", "stageDuration"], "10m"],
      [["observe"], "15m"],
      [
        ["approvals", "accept"],
        ["terminal", "flag"],
      ],
    ]);
    agent = await agentOn(root());
    const started = await agent.call("deploy-start", { version: "2.0.0" });
    if (started.isError) throw new Error(started.text);
    const waiting = await nextUntil(agent, (data) => data.state === "awaiting-approval");
    planHash = String(waiting.data?.planHash);
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  const stillWaiting = async () => (await agent.call("deploy-next")).data?.state === "awaiting-approval";

  function approveAs(confirm: () => Promise<Confirmation | undefined>, hash: string) {
    const io = toolIo({
      root: root(),
      cwd: root(),
      ports: realPorts(),
      actor: { kind: "client", name: "test" },
      interactive: true,
      signal: new AbortController().signal,
      readable: (path) => path,
      confirm,
    });
    return approve.run({ planHash: hash, answer: "approve" }, io);
  }

  it("is named by status, with the exit code of a waiting run", async () => {
    const status = await run(root(), ["status"]);
    expect(status.code).toBe(12);
    expect(status.out).toContain(`deploy-flow approve ${planHash}`);
  });

  it("is never given over MCP: the answer is the command for a person", async () => {
    const seen = await agent.call("approve", { planHash });
    expect(seen.data).toMatchObject({
      taken: false,
      personMustRun: `deploy-flow approve ${planHash} --project ${root()}`,
    });
    expect(seen.text).toContain(`deploy-flow approve ${planHash}`);
    expect(await stillWaiting()).toBe(true);
  });

  it("is not given by a command without a terminal, nor for another plan, nor by declining", async () => {
    const piped = await run(root(), ["approve", planHash], { input: "yes\n" });
    expect(piped.code).toBe(64);
    expect(piped.err).toContain("only a person may decide this");
    const other = await run(root(), ["approve", "--approve", "f".repeat(64)]);
    expect(other.code).toBe(64);
    expect(other.out).toContain("NOT TAKEN");
    const both = await run(root(), ["approve", planHash, "--approve", "f".repeat(64)]);
    expect(both.code).toBe(64);
    await expect(approveAs(() => Promise.reject(new Error("declined")), planHash)).rejects.toThrow("declined");
    expect(await stillWaiting()).toBe(true);
  });

  it("counts once a person has given it, and stands in the journal with its way", async () => {
    const answer = await approveAs(async () => ({ way: "terminal", person: "ada" }), planHash);
    expect(answer).toMatchObject({ taken: true });
    const approval = world.events().find(({ event }) => event.event === "approval");
    expect(approval?.event).toMatchObject({ decision: "approve", way: "terminal", person: "ada", planHash });
    await agent.call("deploy-decide", { decision: "abort", reason: "enough seen" });
    await nextUntil(agent, (data) => data.archive !== undefined);
  });

  it("can come with the start of a protected job, for exactly the plan that was read", async () => {
    const planned = await run(root(), ["plan", "3.0.0", "--format", "json"]);
    const hash = String(JSON.parse(planned.out).planHash);
    writeFileSync(join(root(), "unrelated.txt"), "changes nothing");
    const child = spawn(process.execPath, [PROGRAM, "run", "3.0.0", "--approve", hash], { cwd: root() });
    let out = "";
    const code = await new Promise<number | null>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        const before = out.includes("step execute");
        out += chunk.toString("utf8");
        if (!before && out.includes("step execute")) child.kill("SIGTERM");
      });
      child.on("close", resolve);
    });
    expect([11, 20]).toContain(code);
    expect(out).toMatch(new RegExp(`plan ${hash.slice(0, 12)} approved by \\S+ \\(flag\\)`));
  });
});
