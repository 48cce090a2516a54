import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { sendRequest, statusOf } from "../../mcp-server/flow/api.ts";
import { parseDeployConfig, statedKeys } from "../../mcp-server/flow/config-file.ts";
import { FlowEvent, type Request } from "../../mcp-server/flow/events.ts";
import { makePlan } from "../../mcp-server/flow/make-plan.ts";
import { ownRun, pingOwner } from "../../mcp-server/flow/owner.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { openProject, type Project } from "../../mcp-server/flow/project.ts";
import type { StartOrder } from "../../mcp-server/flow/run-files.ts";
import { realHttpServer, SocketRefusal, type Sockets, socketPath } from "../../mcp-server/ports/index.ts";
import { readHeld } from "../../mcp-server/record/held.ts";
import { openJournal, readJournal } from "../../mcp-server/record/journal-file.ts";
import { readLock } from "../../mcp-server/record/lock.ts";
import { folderDigest } from "../../mcp-server/target/sandbox/artifact.ts";
import { SandboxRequest } from "../../mcp-server/target/sandbox/protocol.ts";
import { TargetError } from "../../mcp-server/target/target.ts";
import { type RunId, sha256 } from "../../mcp-server/vocab/index.ts";
import {
  type FakeProcesses,
  fakeClock,
  fakeExec,
  fakeHttp,
  fakeIds,
  fakeProcesses,
  type MemoryDisk,
  memoryDisk,
} from "../fakes/index.ts";
import { broken, fakePlatform, whole } from "./fake-platform.ts";
import { configText, NEW, OLD } from "./fake-world.ts";

const ROOT = "/shop";
const ADA = { kind: "person", name: "ada" } as const;
const RUN = "dpl-20260301T120000Z-0000aa" as RunId;
const QUIET = { metrics: undefined, smoke: undefined };

const RELEASES = Object.fromEntries([OLD, NEW].map((version) => [`${ROOT}/releases/${version}/server.mjs`, version]));
/** The sandbox takes the digest of the folder of a version. */
const DIGESTS = new Map(
  await Promise.all(
    [OLD, NEW].map(
      async (version) => [version, await folderDigest(`${ROOT}/releases/${version}`, memoryDisk(RELEASES))] as const,
    ),
  ),
);

type Answer = (request: unknown) => Promise<unknown>;

/** Sockets of one machine: paths on which processes answer; a killed process answers no more. */
function fakeSockets(): Sockets & { readonly doors: Map<string, Answer> } {
  const doors = new Map<string, Answer>();
  return {
    doors,
    serve: async (path, answer) => {
      doors.set(path, answer);
      return {
        close: async () => {
          if (doors.get(path) === answer) doors.delete(path);
        },
      };
    },
    call: async (path, request) => {
      const door = doors.get(path);
      if (!door) throw Object.assign(new Error("nobody listens"), { code: "ENOENT" });
      try {
        return await door(JSON.parse(JSON.stringify(request)));
      } catch (error) {
        throw new SocketRefusal((error as Error).message, (error as { data?: unknown }).data ?? null);
      }
    },
  };
}

/** One machine with a project on it. The sandbox's daemon is the fake platform behind the real client. */
function machine(config: Record<string, unknown> = QUIET, production = false) {
  const clock = fakeClock();
  const platform = fakePlatform(clock, { digests: DIGESTS });
  const sockets = fakeSockets();
  const text = configText({
    ...config,
    target: {
      kind: "sandbox",
      production,
      artifact: "releases/{version}",
      command: ["node", "server.mjs"],
      environments: { production: {} },
    },
  });
  const disk = memoryDisk({
    ...RELEASES,
    [`${ROOT}/deploy.yaml`]: text,
    [`${ROOT}/reports/${NEW}.xml`]: '<testsuite name="s" tests="1"><testcase classname="s" name="a"/></testsuite>',
  });
  platform.place("production", whole(platform, OLD));
  sockets.doors.set(socketPath(ROOT, "sandbox"), async (message) => {
    const request = SandboxRequest.parse(message);
    const signal = new AbortController().signal;
    try {
      if (request.op === "observe") return await platform.target.observe(request.env, signal);
      if (request.op === "apply") return await platform.target.apply(request.env, request.pools, request.fence, signal);
      return { pid: 1 };
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      throw Object.assign(error, { data: { retryable: error.retryable, next: error.next, stopping: false } });
    }
  });
  const processes = fakeProcesses();
  const seenBy = (who: FakeProcesses): Project =>
    openProject({
      root: ROOT,
      entry: ["node", "entry.mjs"],
      ports: {
        clock,
        disk,
        sockets,
        processes: who,
        ids: fakeIds(who.self().pid),
        exec: fakeExec(),
        http: fakeHttp(),
        httpServer: realHttpServer,
      },
    });
  const project = seenBy(processes);
  const plan = makePlan({
    config: parseDeployConfig(text, "deploy.yaml"),
    stated: statedKeys(text),
    configSha256: sha256(text),
    parameters: RunParameters.parse({ version: NEW }),
    digest: platform.digest(NEW),
    live: {
      pools: [...platform.pools("production")],
      instances: [],
      measuredSharePct: {},
      measuredRequests: 0,
      entryUrl: "",
      readAt: clock.wall(),
    },
    routing: "per-request",
    minWeightPct: 1,
    parallelPools: true,
    documents: [],
    production,
    testsBaseline: { from: "none", reason: "none" },
    testsCandidate: [],
  });
  const order = (runId: RunId = RUN): StartOrder => ({
    runId,
    plan,
    configText: text,
    configFile: project.paths.deployYaml,
    unattended: true,
    adviceMs: 0,
    actor: ADA,
  });
  /** Another process on this machine. */
  const another = () => seenBy(processes.as(processes.start()));
  return { clock, platform, sockets, disk, processes, project, order, another };
}

const eventsOf = (disk: MemoryDisk, project: Project) =>
  readJournal(disk, project.paths.journal, FlowEvent).events.map(({ event }) => event);
const NO_TESTS = { ...QUIET, tests: undefined, staging: { observe: "30s" } };

describe("an owner", () => {
  test("carries a run to its archive, answers meanwhile, and gives the lock back", async () => {
    const { clock, disk, project, order } = machine(NO_TESTS);
    let pong: unknown;
    const state = await clock.runUntil(
      ownRun(project, {
        start: order(),
        onReady: () =>
          void pingOwner(project).then((one) => {
            pong = one;
          }),
      }),
    );
    expect(pong).toMatchObject({ runId: RUN, epoch: 1 });
    expect(state.outcome?.outcome).toBe("UNPROVEN");
    expect(readLock(disk, project.paths.lock)).toBeUndefined();
    expect(await pingOwner(project)).toBeUndefined();
    expect(disk.stat(project.paths.archivedMark)).toBeDefined();
    expect(await statusOf(project)).toMatchObject({ state: "finished", outcome: "UNPROVEN" });
  });

  test("shuts a second one out, naming itself", async () => {
    const { clock, project, order, another } = machine(NO_TESTS);
    const first = ownRun(project, { start: order() });
    const second = ownRun(another(), { start: order("dpl-20260301T120001Z-0000bb" as RunId) });
    await expect(clock.runUntil(second)).rejects.toThrow(/another run owns this project.*dpl-20260301T120000Z-0000aa/);
    await clock.runUntil(first);
  });

  test("clears an archived run and never an unfinished one", async () => {
    const { clock, disk, project, order, platform } = machine(NO_TESTS);
    await clock.runUntil(ownRun(project, { start: order() }));
    platform.place("production", whole(platform, OLD));
    const next = "dpl-20260301T130000Z-0000bb" as RunId;
    const state = await clock.runUntil(ownRun(project, { start: order(next) }));
    expect(state.runId).toBe(next);
    disk.remove(project.paths.archivedMark);
    const third = ownRun(project, { start: order("dpl-20260301T140000Z-0000cc" as RunId) });
    await expect(clock.runUntil(third)).rejects.toThrow(/unfinished run is in the working folder/);
    expect(readLock(disk, project.paths.lock)).toBeUndefined();
  });

  test("takes requests over its socket and those left in the inbox", async () => {
    const { clock, disk, project, order } = machine(NO_TESTS);
    const request: Request = { kind: "advice", step: "staging", role: "devops-engineer", text: "looks well" };
    const send = async () => {
      const message = { op: "request", id: "req-socket", request, actor: ADA };
      expect(await project.ports.sockets.call(socketPath(ROOT, "runner"), message, 1_000)).toMatchObject({
        taken: true,
      });
      await expect(project.ports.sockets.call(socketPath(ROOT, "runner"), { op: "explode" }, 1_000)).rejects.toThrow(
        SocketRefusal,
      );
    };
    let sending: Promise<void> | undefined;
    const abort = new AbortController();
    await clock.runUntil(
      ownRun(project, {
        start: order(),
        onReady: () => {
          sending = send().then(() => abort.abort());
        },
        signal: abort.signal,
      }),
    );
    await sending;
    expect(eventsOf(disk, project).filter(({ event }) => event === "request")).toMatchObject([
      { id: "req-socket" },
      { request: { kind: "abort" } },
    ]);
  });

  test("takes requests that were left in the inbox while it lives, and leaves what it cannot read", async () => {
    const { clock, project, order, disk } = machine(NO_TESTS);
    const request = { kind: "abort" as const, reason: "left in the inbox" };
    const run = ownRun(project, {
      start: order(),
      onReady: () => {
        disk.writeAtomic(`${project.paths.inbox}/req-odd.json`, "{");
        disk.writeAtomic(
          `${project.paths.inbox}/req-inbox.json`,
          JSON.stringify({ id: "req-inbox", request, actor: ADA }),
        );
      },
    });
    const state = await clock.runUntil(run);
    expect(state.outcome?.outcome).toBe("ABORTED");
    expect(eventsOf(disk, project)).toContainEqual(expect.objectContaining({ event: "request", id: "req-inbox" }));
    expect(disk.list(project.paths.inbox)).toEqual(["req-odd.json"]);
  });

  test.each(["over its socket", "in its inbox"])(
    "takes nothing that was meant for a run before it, %s",
    async (how) => {
      const { clock, project, order, disk } = machine(NO_TESTS);
      const runId = "dpl-20260301T110000Z-0000bb" as RunId;
      const message = { id: "req-late", request: { kind: "abort" as const, reason: "late" }, actor: ADA, runId };
      let receipt: Promise<unknown> | undefined;
      const state = await clock.runUntil(
        ownRun(project, {
          start: order(),
          onReady: () => {
            if (how === "in its inbox")
              disk.writeAtomic(`${project.paths.inbox}/req-late.json`, JSON.stringify(message));
            else receipt = project.ports.sockets.call(socketPath(ROOT, "runner"), { op: "request", ...message }, 1_000);
          },
        }),
      );
      expect(state.outcome?.outcome).toBe("UNPROVEN");
      expect(eventsOf(disk, project).filter(({ event }) => event === "request")).toEqual([]);
      if (receipt) expect(await receipt).toMatchObject({ taken: false, note: expect.stringContaining(runId) });
    },
  );

  test.each<{ name: string; moment: (event: FlowEvent) => boolean }>([
    { name: "its outcome is known", moment: ({ event }) => event === "outcome" },
    { name: "its report is written", moment: (event) => event.event === "step" && event.step === "report" },
    { name: "its archive is begun", moment: ({ event }) => event === "archiving" },
  ])("refuses a decision once $name, and says so", async ({ moment }) => {
    const { clock, project, order } = machine(NO_TESTS);
    const late: Promise<unknown>[] = [];
    await clock.runUntil(
      ownRun(project, {
        start: order(),
        onEvent: ({ event }) => {
          if (!moment(event) || late.length > 0) return;
          const sent = sendRequest(project, { kind: "abort", reason: "late" }, ADA);
          late.push(
            sent.then(
              () => "taken",
              (error: unknown) => error,
            ),
          );
        },
      }),
    );
    expect(late).toHaveLength(1);
    expect(await late[0]).toMatchObject({
      code: "conflict",
      what: expect.stringMatching(/has ended|no run is under way/),
    });
  });

  test("says that a decision was taken whose answer was lost", async () => {
    const { clock, project, order, sockets } = machine(NO_TESTS);
    const sent: Promise<unknown>[] = [];
    const lossy = async () => {
      const path = socketPath(ROOT, "runner");
      const door = sockets.doors.get(path);
      if (!door) throw new Error("nobody owns the run");
      sockets.doors.set(path, async (request) => {
        const answer = await door(request);
        if ((request as { op: string }).op === "ping") return answer;
        // As a machine that is too busy: the request was taken, its answer never came.
        sockets.doors.set(path, door);
        throw Object.assign(new Error("no answer"), { lost: true });
      });
    };
    const call = project.ports.sockets.call;
    const timingOut: Project = {
      ...project,
      ports: {
        ...project.ports,
        sockets: {
          ...project.ports.sockets,
          call: (path, request, timeoutMs) =>
            call(path, request, timeoutMs).catch((error: unknown) => {
              throw (error as Error).message === "no answer"
                ? Object.assign(new Error("late"), { code: "ETIMEDOUT" })
                : error;
            }),
        },
      },
    };
    await clock.runUntil(
      ownRun(project, {
        start: order(),
        onReady: () => {
          sent.push(lossy().then(() => sendRequest(timingOut, { kind: "abort", reason: "now" }, ADA)));
        },
      }),
    );
    expect(await sent[0]).toMatchObject({ taken: true });
  });

  test("does what was asked last before a crash, before it takes anything new", async () => {
    const floors = {
      canary: { stages: [20, 100], stageDuration: "10m" },
      observe: "15m",
      approvals: { accept: ["flag"] },
    };
    const { clock, project, order, disk } = machine({ ...NO_TESTS, ...floors }, true);
    const { plan, configText: text, configFile } = order();
    const { paths } = project;
    disk.mkdir(paths.evidence);
    disk.mkdir(paths.inbox);
    disk.writeAtomic(paths.planSource, text);
    disk.writeAtomic(paths.plan, JSON.stringify(plan));
    const hash = planHash(plan);
    const journal = openJournal({ disk, clock, path: paths.journal, schema: FlowEvent, epoch: 1, durable: () => true });
    const opened = { event: "run-opened", runId: RUN, version: plan.version, planHash: hash } as const;
    journal.append({ ...opened, unattended: true, configFile }, ADA);
    const approve: Request = { kind: "approve", decision: "approve", planHash: hash, way: "flag", person: "ada" };
    journal.append({ event: "request", id: "req-in-flight", request: approve, taken: true }, ADA);
    journal.close();
    const advice: Request = { kind: "advice", step: "staging", role: "devops-engineer", text: "looks well" };
    const message = { op: "request", id: "req-new", request: advice, actor: ADA };
    const state = await clock.runUntil(
      ownRun(project, { onReady: () => void project.ports.sockets.call(socketPath(ROOT, "runner"), message, 1_000) }),
    );
    expect(state.approval).toMatchObject({ decision: "approve", person: "ada" });
    expect(state.outcome?.outcome).toBe("UNPROVEN");
  });

  test("is not kept from the requests behind an inbox file that cannot be read", async () => {
    const { clock, project, order, disk } = machine(NO_TESTS);
    const request = { kind: "abort" as const, reason: "left in the inbox" };
    const run = ownRun(project, {
      start: order(),
      onReady: () => {
        disk.mkdir(`${project.paths.inbox}/req-a-folder.json`);
        disk.symlink("/nowhere", `${project.paths.inbox}/req-b-dangling.json`);
        disk.writeAtomic(
          `${project.paths.inbox}/req-inbox.json`,
          JSON.stringify({ id: "req-inbox", request, actor: ADA }),
        );
      },
    });
    const state = await clock.runUntil(run);
    expect(state.outcome?.outcome).toBe("ABORTED");
    const told = eventsOf(disk, project).filter(
      (event) => event.event === "notice" && event.text.includes("could not be read and was left there"),
    );
    expect(told.length).toBeGreaterThan(0);
  });

  test("goes on when deploy.yaml can no longer be read, and says so once", async () => {
    const { clock, project, order, disk } = machine(NO_TESTS);
    const run = ownRun(project, { start: order(), onReady: () => disk.remove(`${ROOT}/deploy.yaml`) });
    const state = await clock.runUntil(run);
    expect(state.outcome?.outcome).toBe("UNPROVEN");
    const told = eventsOf(disk, project).filter(
      (event) => event.event === "notice" && event.text.startsWith("deploy.yaml was changed"),
    );
    expect(told).toHaveLength(1);
  });

  test("that is told to stop before anybody is exposed ends the run without a change", async () => {
    const { clock, project, order, platform } = machine(NO_TESTS);
    const state = await clock.runUntil(ownRun(project, { start: order(), signal: AbortSignal.abort() }));
    expect(state.outcome?.outcome).toBe("ABORTED");
    expect(platform.pools("production")).toMatchObject([{ version: OLD, weightPct: 100 }]);
  });

  test("leaves a failed rollback held: no other run starts", async () => {
    const { clock, disk, project, order, platform } = machine(NO_TESTS);
    platform.fault = ({ op, env, pools }) =>
      op === "apply" &&
      env === "production" &&
      (pools ?? []).some((pool) => pool.version === NEW && pool.weightPct === 100) &&
      pools?.length === 2
        ? broken()
        : undefined;
    let failed = false;
    const fault = platform.fault;
    platform.fault = (call, moment) => {
      const error = failed && call.op === "apply" ? broken() : fault(call, moment);
      failed = failed || (error !== undefined && moment === "before");
      return error;
    };
    const state = await clock.runUntil(ownRun(project, { start: order() }));
    expect(state.outcome?.outcome).toBe("ROLLBACK_FAILED");
    expect(readHeld(disk, project.paths.lock)).toMatchObject({ runId: RUN });
    const next = ownRun(project, { start: order("dpl-20260301T150000Z-0000dd" as RunId) });
    await expect(clock.runUntil(next)).rejects.toThrow(/failed rollback.*release-lock/);
  });

  test.each([
    { approve: "right", outcome: "UNPROVEN" },
    { approve: "wrong", outcome: "ABORTED" },
  ])("counts the hash given at the start when it is the plan's: $approve, $outcome", async ({ approve, outcome }) => {
    const floors = {
      canary: { stages: [20, 100], stageDuration: "10m" },
      observe: "15m",
      approvals: { accept: ["flag"] },
    };
    const { clock, disk, project, order } = machine({ ...NO_TESTS, ...floors }, true);
    const start = order();
    const hash = approve === "right" ? planHash(start.plan) : sha256("another plan");
    const state = await clock.runUntil(ownRun(project, { start: { ...start, approve: hash } }));
    expect(state.outcome?.outcome).toBe(outcome);
    const kinds = eventsOf(disk, project).map(({ event }) => event);
    expect(kinds.includes("question")).toBe(approve === "wrong");
  });

  test("with nothing to take up says so", async () => {
    const { clock, project } = machine(NO_TESTS);
    await expect(clock.runUntil(ownRun(project, {}))).rejects.toThrow(/no unfinished run/);
  });
});
