import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Processes, type ProcessIdentity, realDisk, realProcesses } from "../../mcp-server/ports/index.ts";
import { TargetConfig, TargetError } from "../../mcp-server/target/index.ts";
import { admitFence, checkPools } from "../../mcp-server/target/pools.ts";
import { acquireDaemonLock } from "../../mcp-server/target/sandbox/daemon-lock.ts";
import { requestHeaders, responseHeaders } from "../../mcp-server/target/sandbox/headers.ts";
import { openLog, trimLogs } from "../../mcp-server/target/sandbox/log-file.ts";
import { openState, sandboxFolder } from "../../mcp-server/target/sandbox/state.ts";
import { createTally, sharesPct } from "../../mcp-server/target/sandbox/tally.ts";
import { restartBackoffMs } from "../../mcp-server/target/sandbox/watch.ts";
import type { Digest, Fence, Pool, RunId, Version } from "../../mcp-server/vocab/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-parts-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MINIMAL = {
  kind: "sandbox",
  artifact: "releases/{version}",
  command: ["node", "server.mjs"],
  environments: { production: {} },
};

describe("the configuration", () => {
  test("fills in what is left out", () => {
    expect(TargetConfig.parse(MINIMAL)).toEqual({
      ...MINIMAL,
      production: false,
      env: {},
      healthPath: "/healthz",
      startTimeout: "10s",
      drainTimeout: "5s",
      memoryLimitMb: 512,
      environments: { production: { port: 0 } },
    });
  });

  test.each([
    ["an unknown key", { replicas: 2 }],
    ["an unknown key of an environment", { environments: { production: { ports: 1 } } }],
    ["an unknown environment", { environments: { qa: {} } }],
    ["a command that is a sentence", { command: "node server.mjs" }],
    ["an empty command", { command: [] }],
    ["a span without unit", { startTimeout: "10" }],
    ["a health path that is none", { healthPath: "healthz" }],
    ["another kind", { kind: "cloud" }],
  ])("refuses %s", (_name, change) => {
    expect(TargetConfig.safeParse({ ...MINIMAL, ...change }).success).toBe(false);
  });

  test("has a JSON Schema in which every key is explained", () => {
    const schema = z.toJSONSchema(TargetConfig, { io: "input" });
    const [sandbox] = schema.oneOf ?? schema.anyOf ?? [];
    const keys = Object.entries(sandbox?.properties ?? {}).filter(([key]) => key !== "kind");
    expect(keys.length).toBeGreaterThan(8);
    for (const [, property] of keys) expect(property).toHaveProperty("description");
  });
});

const A = "1.0.0" as Version;
const B = "2.0.0" as Version;
const digest = `sha256:${"0".repeat(64)}` as Digest;
const pool = (version: Version, instances: number, weightPct: number): Pool => ({
  version,
  digest,
  instances,
  weightPct,
});

describe("pools", () => {
  test.each<[string, Pool[], boolean]>([
    ["nothing at all", [], true],
    ["one version with everything", [pool(A, 1, 100)], true],
    ["nobody gets traffic", [pool(A, 1, 0), pool(B, 0, 0)], true],
    ["thirds", [pool(A, 1, 100 / 3), pool(B, 1, 200 / 3)], true],
    ["too little", [pool(A, 1, 99)], false],
    ["too much", [pool(A, 1, 100), pool(B, 1, 1)], false],
    ["a version twice", [pool(A, 1, 50), pool(A, 1, 50)], false],
    ["traffic to no instance", [pool(A, 1, 50), pool(B, 0, 50)], false],
  ])("%s", (_name, pools, possible) => {
    if (possible) expect(() => checkPools(pools)).not.toThrow();
    else expect(() => checkPools(pools)).toThrow(TargetError);
  });

  const fence = (run: number, epoch: number): Fence => ({ runId: `dpl-20260131T120000Z-00000${run}` as RunId, epoch });
  test.each<[string, Fence | undefined, Fence, boolean | "refused"]>([
    ["the first fence ever", undefined, fence(1, 4), true],
    ["the same again", fence(1, 4), fence(1, 4), false],
    ["a later one", fence(1, 4), fence(1, 5), true],
    ["another run with the same epoch", fence(1, 4), fence(2, 4), true],
    ["an earlier one", fence(1, 4), fence(1, 3), "refused"],
    ["an earlier one of another run", fence(1, 4), fence(2, 3), "refused"],
  ])("%s", (_name, highest, asked, expected) => {
    if (expected === "refused") expect(() => admitFence("production", highest, asked)).toThrow(/shut out/);
    else expect(admitFence("production", highest, asked)).toBe(expected);
  });
});

describe("headers", () => {
  test("of one connection stay on it, also those that the connection names", () => {
    const raw = [
      "Host",
      "shop",
      "Connection",
      "close, X-Mine",
      "X-Mine",
      "1",
      "TE",
      "trailers",
      "Accept",
      "a",
      "accept",
      "b",
    ];
    expect(requestHeaders(raw, "shop", "10.0.0.9")).toEqual([
      ...["Accept", "a", "accept", "b"],
      ...["host", "shop", "x-forwarded-host", "shop", "x-forwarded-for", "10.0.0.9", "x-forwarded-proto", "http"],
    ]);
  });

  test("that claim a way or an instance are replaced by the truth", () => {
    expect(requestHeaders(["X-Forwarded-For", "1.1.1.1", "Expect", "100-continue"], undefined, undefined)).toEqual([
      "x-forwarded-proto",
      "http",
    ]);
    expect(responseHeaders(["X-Deploy-Flow-Version", "9", "Set-Cookie", "a", "Set-Cookie", "b"], "i", "1.0.0")).toEqual(
      [...["Set-Cookie", "a", "Set-Cookie", "b", "x-deploy-flow-instance", "i", "x-deploy-flow-version", "1.0.0"]],
    );
  });
});

describe("counters", () => {
  test("a request that went to another version in the end counts for that one", () => {
    const tally = createTally();
    tally.routed(A);
    tally.rerouted(A, B);
    tally.answered();
    tally.routed(A);
    tally.failed("reset");
    expect(tally.stats(0)).toEqual({
      proxied: 1,
      retried: 1,
      errors: 1,
      errorsByReason: { reset: 1 },
      routedByVersion: { [A]: 1, [B]: 1 },
      inFlight: 0,
    });
    tally.resetShares();
    expect(tally.stats(0)).toMatchObject({ proxied: 1, routedByVersion: {} });
  });

  test("shares add up to 100, and there are none without traffic", () => {
    expect(sharesPct({})).toEqual({});
    expect(sharesPct({ a: 0 })).toEqual({});
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.nat(1_000)), (counts) => {
        const sum = Object.values(sharesPct(counts)).reduce((total, share) => total + share, 0);
        const traffic = Object.values(counts).some((count) => count > 0);
        expect(sum).toBeCloseTo(traffic ? 100 : 0, 6);
      }),
    );
  });
});

test("restarts come at doubling distances, at most ten seconds", () => {
  expect([0, 1, 2, 3, 6, 7, 50].map(restartBackoffMs)).toEqual([100, 200, 400, 800, 6_400, 10_000, 10_000]);
});

describe("a log", () => {
  test("keeps at most twice its cap, and the tail of the process that writes now", () => {
    const path = join(folder, "a.log");
    const log = openLog(realDisk, path, 100);
    log.write(Buffer.from("from an earlier life\n"));
    log.startLife();
    for (let n = 0; n < 50; n += 1) log.write(Buffer.from(`line ${n}\n`));
    expect(log.tail()).toMatch(/^line 0\n.*line 49\n$/s);
    log.close();
    log.write(Buffer.from("after the end"));
    expect(statSync(path).size).toBeLessThanOrEqual(100);
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100);
    expect(readFileSync(path, "utf8")).toMatch(/line 49\n$/);
  });

  test("of the long gone are removed, the newest are kept", () => {
    for (let n = 0; n < 45; n += 1) {
      writeFileSync(join(folder, `${n}.log`), "x");
      utimesSync(join(folder, `${n}.log`), 1_000 + n, 1_000 + n);
    }
    trimLogs(realDisk, folder);
    const left = realDisk.list(folder);
    expect(left).toHaveLength(40);
    expect(left).not.toContain("4.log");
    expect(left).toContain("5.log");
  });
});

describe("the record", () => {
  test("is not written any more when the folder belongs to somebody else", () => {
    realDisk.mkdir(sandboxFolder(folder));
    let owned = true;
    const state = openState(realDisk, folder, () => owned);
    const process = { instanceId: "i", pid: 1, start: "s", bootId: "b", host: "h" };
    state.update((all) => ({ ...all, processes: [process] }));
    owned = false;
    state.update((all) => ({ ...all, processes: [] }));
    expect(state.read().processes).toEqual([]);
    expect(openState(realDisk, folder, () => false).read().processes).toEqual([process]);
  });

  test.each([
    ["cut short", (text: string) => text.slice(0, -10)],
    ["of another schema", (text: string) => text.replace('"schema":1', '"schema":2')],
    ["empty", () => ""],
  ])("that is %s is an error", (_name, damage) => {
    realDisk.mkdir(sandboxFolder(folder));
    openState(realDisk, folder, () => true).update((all) => all);
    const path = join(sandboxFolder(folder), "state.json");
    writeFileSync(path, damage(readFileSync(path, "utf8")));
    expect(() => openState(realDisk, folder, () => true)).toThrow(/damaged/);
  });
});

describe("the daemon's lock", () => {
  /** Processes as this one would see them if it had another pid. */
  const as = (pid: number, living: Map<number, ProcessIdentity>): Processes => ({
    ...realProcesses,
    self: () => living.get(pid) ?? { pid, start: "gone", bootId: "b", host: "h" },
    identify: (asked) => living.get(asked),
  });
  const identity = (pid: number, start = "s"): ProcessIdentity => ({ pid, start, bootId: "b", host: "h" });
  const root = () => {
    realDisk.mkdir(sandboxFolder(folder));
    return folder;
  };

  test("belongs to one; the next one gets it after release or death, also when the pid was given out anew", () => {
    const living = new Map([1, 2, 3].map((pid) => [pid, identity(pid)]));
    const first = acquireDaemonLock(root(), realDisk, as(1, living));
    expect(first?.held()).toBe(true);
    expect(acquireDaemonLock(folder, realDisk, as(2, living))).toBeUndefined();
    first?.release();
    expect(acquireDaemonLock(folder, realDisk, as(2, living))?.held()).toBe(true);
    living.set(2, identity(2, "a later process"));
    expect(acquireDaemonLock(folder, realDisk, as(3, living))?.held()).toBe(true);
    expect(realDisk.list(sandboxFolder(folder))).toHaveLength(1);
  });

  test("a damaged lock is nobody's", () => {
    const living = new Map([[1, identity(1)]]);
    realDisk.writeAtomic(join(sandboxFolder(root()), "daemon-3.lock"), "{");
    expect(acquireDaemonLock(folder, realDisk, as(1, living))?.held()).toBe(true);
  });

  test("whatever happens between looking and creating, two never hold it", () => {
    const living = new Map([1, 2].map((pid) => [pid, identity(pid)]));
    writeFileSync(join(sandboxFolder(root()), "daemon-5.lock"), JSON.stringify(identity(9)));
    let rival: ReturnType<typeof acquireDaemonLock>;
    const late = {
      ...realDisk,
      // The rival takes the lock after this contender has found its holder dead.
      createExclusive: (path: string, data: string | Uint8Array, mode?: number) => {
        rival ??= acquireDaemonLock(folder, realDisk, as(2, living));
        return realDisk.createExclusive(path, data, mode);
      },
    };
    expect(acquireDaemonLock(folder, late, as(1, living))).toBeUndefined();
    expect(rival?.held()).toBe(true);
  });

  test("a contender that was very late gives way to the lock that came after its number was used up", () => {
    const living = new Map([1, 2].map((pid) => [pid, identity(pid)]));
    root();
    let rival: ReturnType<typeof acquireDaemonLock>;
    const late = {
      ...realDisk,
      createExclusive: (path: string, data: string | Uint8Array, mode?: number) => {
        if (rival === undefined) {
          const dead = new Map([[7, identity(7)]]);
          acquireDaemonLock(folder, realDisk, as(7, dead));
          rival = acquireDaemonLock(folder, realDisk, as(2, living));
        }
        return realDisk.createExclusive(path, data, mode);
      },
    };
    expect(acquireDaemonLock(folder, late, as(1, living))).toBeUndefined();
    expect(rival?.held()).toBe(true);
    expect(realDisk.list(sandboxFolder(folder))).toEqual(["daemon-2.lock"]);
  });
});
