import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { realProcesses, realSockets, socketPath } from "../../mcp-server/ports/index.ts";
import type { LiveState, Pool, Version } from "../../mcp-server/vocab/index.ts";
import { eventually, fence } from "./conformance.ts";
import { startLoad } from "./load.ts";
import { makeSandboxWorld, removeBundle } from "./sandbox-world.ts";
import type { SandboxWorld } from "./world.ts";

const V1 = "1.0.0" as Version;
const V2 = "2.0.0" as Version;
const never = () => new AbortController().signal;

let world: SandboxWorld;
afterEach(() => world.close());
afterAll(removeBundle);

async function begin(settings: Record<string, unknown> = {}, instances = 2): Promise<LiveState> {
  world = await makeSandboxWorld(settings);
  world.publish(V1);
  world.publish(V2);
  return world.target.apply("production", [await pool(V1, instances, 100)], fence(1), never());
}

async function pool(version: Version, instances: number, weightPct: number): Promise<Pool> {
  return { version, digest: await world.target.resolve(version, never()), instances, weightPct };
}

const observe = () => world.target.observe("production", never());
const stats = () => world.target.stats("production", never());
const lockOf = (): { file: string; pid: number } => {
  const folder = join(world.root, ".aiwg/sandbox");
  const file = readdirSync(folder).find((name) => name.endsWith(".lock"));
  if (file === undefined) throw new Error("no daemon holds the lock");
  return { file: join(folder, file), pid: JSON.parse(readFileSync(join(folder, file), "utf8")).pid };
};
const pidBehind = async (url: string | undefined): Promise<number> => {
  const answer = await request(`${url}/whoami`);
  return ((await answer.body.json()) as { pid: number }).pid;
};
const alive = (pid: number) => realProcesses.identify(pid) !== undefined;

describe("an instance", () => {
  test("that is killed is restarted and counted, and its requests go elsewhere", async () => {
    const before = await begin();
    const [victim] = before.instances;
    const load = startLoad(before.entryUrl, { rps: 200 });
    await delay(200);
    process.kill(await pidBehind(victim?.url ?? ""), "SIGKILL");
    await eventually(observe, (live) => live.instances.some((one) => one.restarts === 1 && one.state === "ready"));
    const result = await load.stop();
    const after = (await observe()).instances.find((one) => one.id === victim?.id);
    expect(after).toMatchObject({ id: victim?.id, startedAt: victim?.startedAt, restarts: 1, crashes: 1, oomKills: 0 });
    expect(result).toMatchObject({ lost: 0, byStatus: { 200: result.sent } });
  });

  test("that uses more memory than it may is killed and counted apart", async () => {
    const live = await begin({ memoryLimitMb: 150 }, 1);
    await request(`${live.instances[0]?.url}/hoard?mb=200`).catch(() => undefined);
    const after = await eventually(observe, (seen) => seen.instances[0]?.oomKills === 1);
    expect(after.instances[0]).toMatchObject({ restarts: 1, crashes: 0 });
  });

  test("that runs out of its own heap counts as out of memory", async () => {
    const live = await begin({ command: ["node", "--max-old-space-size=30", "{artifact}/service.mjs"] }, 1);
    await request(`${live.instances[0]?.url}/heap`).catch(() => undefined);
    const after = await eventually(observe, (seen) => (seen.instances[0]?.restarts ?? 0) > 0, 20_000);
    expect(after.instances[0]).toMatchObject({ restarts: 1, oomKills: 1, crashes: 0 });
  });

  test("that says it is not healthy is marked, and spared while another one of its version is ready", async () => {
    const before = await begin();
    const [sick] = before.instances;
    await request(`${sick?.url}/sick`);
    const seen = await eventually(observe, (live) => live.instances.some((one) => one.state === "unhealthy"));
    expect(seen.instances.find((one) => one.state === "unhealthy")?.id).toBe(sick?.id);
    for (let n = 0; n < 20; n += 1) {
      const answer = await request(`${before.entryUrl}/whoami`);
      expect(answer.headers["x-deploy-flow-instance"]).not.toBe(sick?.id);
      await answer.body.dump();
    }
  });

  test("that crashes again and again is restarted each time, and recovers", async () => {
    const away = join(tmpdir(), `sandbox-away-${process.pid}`);
    const live = await begin({ env: { CRASH_WHILE: away } }, 1);
    writeFileSync(away, "");
    process.kill(await pidBehind(live.instances[0]?.url ?? ""), "SIGKILL");
    await eventually(observe, (seen) => (seen.instances[0]?.restarts ?? 0) >= 3);
    rmSync(away);
    const back = await eventually(observe, (seen) => seen.instances[0]?.state === "ready");
    expect(back.instances[0]?.id).toBe(live.instances[0]?.id);
  });

  test("is not restarted from an artifact that changed meanwhile", async () => {
    const live = await begin({}, 1);
    rmSync(join(world.root, "releases", V1, "behaviour.json"));
    process.kill(await pidBehind(live.instances[0]?.url ?? ""), "SIGKILL");
    const log = join(world.root, ".aiwg/sandbox/logs", `production-${live.instances[0]?.id}.log`);
    await eventually(
      async () => readFileSync(log, "utf8"),
      (text) => text.includes("has changed"),
    );
    expect((await observe()).instances[0]).toMatchObject({ state: "unhealthy", restarts: 1 });
  });

  test("that stays deaf to SIGTERM is ended by force", async () => {
    const live = await begin(
      { command: ["sh", "-c", "trap '' TERM; node service.mjs & wait; wait"], drainTimeout: "300ms" },
      1,
    );
    const shell = JSON.parse(readFileSync(join(world.root, ".aiwg/sandbox/state.json"), "utf8")).processes[0].pid;
    const child = await pidBehind(live.entryUrl);
    await world.target.apply("production", [], fence(1), never());
    expect(alive(shell)).toBe(false);
    // What a service starts besides itself is its own affair.
    if (alive(child)) process.kill(child, "SIGKILL");
  });
});

describe("the daemon", () => {
  test("killed and started again: the same pools on the same ports, and nothing of the old one left", async () => {
    const before = await begin();
    const oldPids = await Promise.all(before.instances.map((one) => pidBehind(one.url)));
    process.kill(lockOf().pid, "SIGKILL");
    const after = await eventually(observe, (live) => live.instances.every((one) => one.state === "ready"));
    expect(after.pools).toEqual(before.pools);
    expect(after.entryUrl).toBe(before.entryUrl);
    expect(after.instances).toHaveLength(2);
    expect(oldPids.filter(alive)).toEqual([]);
    expect((await request(`${after.entryUrl}/whoami`)).statusCode).toBe(200);
  });

  test("killed in the middle of an apply: the same call goes on with a new daemon", async () => {
    await begin();
    world.publish(V2, { readyAfterMs: 1_500 });
    const wanted = [await pool(V2, 1, 100)];
    const applied = world.target.apply("production", wanted, fence(2), never());
    await eventually(observe, (live) => live.instances.some((one) => one.version === V2));
    process.kill(lockOf().pid, "SIGKILL");
    const live = await applied;
    expect(live.pools).toEqual(wanted);
    expect(live.instances.map((one) => [one.version, one.state])).toEqual([[V2, "ready"]]);
    expect(servicesOf(world.root)).toHaveLength(process.platform === "linux" ? 1 : 0);
  });

  test("ends services that its predecessor had started and not yet written down", async () => {
    world = await makeSandboxWorld();
    const script = "setInterval(() => {}, 1000)";
    const start = (root: string) =>
      spawn(process.execPath, ["-e", script], { stdio: "ignore", env: { DEPLOY_FLOW_SANDBOX: root } });
    const [orphan, stranger] = [start(world.root), start(`${world.root}-of-somebody-else`)];
    await eventually(
      async () => orphan.pid !== undefined && stranger.pid !== undefined,
      (value) => value,
    );
    await observe();
    // Only Linux tells the environment of a process.
    expect(alive(orphan.pid ?? 0)).toBe(process.platform !== "linux");
    expect(alive(stranger.pid ?? 0)).toBe(true);
    orphan.kill("SIGKILL");
    stranger.kill("SIGKILL");
  });

  test("a fence survives it", async () => {
    await begin();
    await world.target.apply("production", [await pool(V1, 2, 100)], fence(7), never());
    process.kill(lockOf().pid, "SIGKILL");
    await expect(world.target.apply("production", [], fence(6), never())).rejects.toThrow(/shut out/);
  });

  test("many clients that start it at once get the same one", async () => {
    world = await makeSandboxWorld();
    const clients = Array.from({ length: 6 }, () => world.another());
    const seen = await Promise.all(clients.map((client) => client.observe("production", never())));
    expect(new Set(seen.map((live) => live.entryUrl)).size).toBe(1);
    const { pid } = lockOf();
    expect(await realSockets.call(socketPath(world.root, "sandbox"), { op: "ping" }, 1_000)).toEqual({ pid });
  });

  test("starting it a second time ends at once", async () => {
    await begin();
    const { pid } = lockOf();
    const second = spawn(process.execPath, daemonArgv(pid), { stdio: "ignore" });
    expect(await once(second, "exit")).toEqual([0, null]);
    expect(lockOf().pid).toBe(pid);
    expect((await observe()).instances).toHaveLength(2);
  });

  test("ends with its services when its folder is removed", async () => {
    const live = await begin();
    const pids = [lockOf().pid, ...(await Promise.all(live.instances.map((one) => pidBehind(one.url))))];
    rmSync(join(world.root, ".aiwg"), { recursive: true });
    await eventually(
      async () => pids.filter(alive),
      (left) => left.length === 0,
    );
    expect(existsSync(join(world.root, ".aiwg"))).toBe(false);
  });

  test("shutdown ends all services, keeps the record, and may be repeated", async () => {
    const live = await begin();
    const pids = [lockOf().pid, ...(await Promise.all(live.instances.map((one) => pidBehind(one.url))))];
    await world.target.shutdown();
    await world.target.shutdown();
    await eventually(
      async () => pids.filter(alive),
      (left) => left.length === 0,
    );
    const back = await eventually(observe, (seen) => seen.instances.every((one) => one.state === "ready"));
    expect(back.pools).toEqual(live.pools);
  });

  test("refuses to guess from a damaged record, and says what to do", async () => {
    await begin();
    await world.target.shutdown();
    const state = join(world.root, ".aiwg/sandbox/state.json");
    writeFileSync(state, readFileSync(state, "utf8").slice(0, -20));
    await expect(observe()).rejects.toMatchObject({ retryable: false, message: expect.stringContaining("damaged") });
    rmSync(state);
    expect((await observe()).pools).toEqual([]);
  });

  test("an environment that is not configured is named", async () => {
    world = await makeSandboxWorld({ environments: { production: {} } });
    await expect(world.target.observe("staging", never())).rejects.toMatchObject({
      retryable: false,
      next: expect.stringContaining("target.environments.staging"),
    });
  });

  test("a fixed port that is taken is an error that names it", async () => {
    const live = await begin();
    const taken = Number(new URL(live.entryUrl).port);
    const other = await makeSandboxWorld({ environments: { production: { port: taken } } });
    await expect(other.target.observe("production", never())).rejects.toThrow(String(taken));
    await other.close();
  });

  test("its counters tell what it carried", async () => {
    const live = await begin();
    for (let n = 0; n < 5; n += 1) await (await request(`${live.entryUrl}/status?code=500`)).body.dump();
    expect(await stats()).toMatchObject({ proxied: 5, errors: 0, routedByVersion: { [V1]: 5 } });
  });
});

/** Pids of all service processes of a project; none where the system does not tell. */
function servicesOf(root: string): string[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").includes(join(root, "releases"));
    } catch {
      return false;
    }
  });
}

/** The command line of a running daemon. */
function daemonArgv(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1, -1);
}

describe("a migration", () => {
  test("whose daemon is killed is ended with it, run again, and takes effect once", async () => {
    await begin({}, 1);
    const { target } = world;
    const cutOff = target.migrate?.("production", "slow-index", fence(1), never());
    await delay(500);
    process.kill(lockOf().pid, "SIGKILL");
    // The client asks a new daemon by itself.
    await cutOff;
    await target.migrate?.("production", "slow-index", fence(2), never());
    await delay(1_200);
    expect(world.migrated?.("production")).toEqual(["slow-index"]);
  });

  test("is not cut off by a shutdown", async () => {
    await begin({}, 1);
    const under = world.target.migrate?.("production", "slow-index", fence(1), never());
    await delay(300);
    await world.target.shutdown();
    await under?.catch(() => undefined);
    expect(world.migrated?.("production")).toEqual(["slow-index"]);
  });

  test("cannot be asked of a sandbox without a command for them", async () => {
    await begin({ migrate: undefined }, 1);
    expect(world.target.migrate).toBeUndefined();
  });
});
