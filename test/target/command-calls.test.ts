import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { CommandConfig, openCommandTarget, type Target, TargetError } from "../../mcp-server/target/index.ts";
import type { Digest, Pool, Version } from "../../mcp-server/vocab/index.ts";
import { eventually, fence } from "./conformance.ts";

const D1 = `sha256:${"1".repeat(64)}` as Digest;
const D2 = `sha256:${"2".repeat(64)}` as Digest;
const V1 = "1.0.0" as Version;
const V2 = "2.0.0" as Version;
const POOL: Pool = { version: V1, digest: D1, instances: 1, weightPct: 100 };
const never = () => new AbortController().signal;

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "command-calls-")));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
});

/** A verb that is some JavaScript; `log(x)` appends a line to calls.log of the project. */
function script(code: string, more: Record<string, unknown> = {}) {
  const log = `const log = (x) => require("node:fs").appendFileSync(${JSON.stringify(join(root, "calls.log"))}, x + "\\n");`;
  return { command: [process.execPath, "-e", `${log}${code}`], timeout: "10s", ...more };
}

/** An environment as observe prints it. */
function printed(pools: readonly Pool[]): string {
  const instances = pools.flatMap((pool) =>
    Array.from({ length: pool.instances }, (_, index) => ({
      id: `${pool.version}-${index}`,
      version: pool.version,
      digest: pool.digest,
      state: "ready",
      startedAt: "2026-01-31T12:00:00Z",
      restarts: 0,
      oomKills: 0,
    })),
  );
  return JSON.stringify({ entryUrl: "http://127.0.0.1:1", pools, instances });
}

/** A platform that is a file: apply writes its pools there, observe reads them. */
function verbs() {
  const state = JSON.stringify(join(root, "state.json"));
  return {
    resolve: script(
      `log("resolve " + process.argv[1]); console.log(JSON.stringify({ digest: process.argv[1] === "2.0.0" ? "${D2}" : "${D1}" }))`,
    ),
    observe: script(
      `const fs = require("node:fs");
       const pools = fs.existsSync(${state}) ? JSON.parse(fs.readFileSync(${state}, "utf8")) : [];
       const instances = pools.flatMap((p) => Array.from({ length: p.instances }, (_, i) => ({
         id: p.version + "-" + i, version: p.version, digest: p.digest, state: "ready",
         startedAt: "2026-01-31T12:00:00Z", restarts: 0, oomKills: 0 })));
       console.log(JSON.stringify({ entryUrl: "http://127.0.0.1:1", pools, instances }))`,
    ),
    apply: script(
      `log("apply " + process.argv.slice(1).join(" "));
       const { pools } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
       require("node:fs").writeFileSync(${state}, JSON.stringify(pools))`,
    ),
  };
}

const PLACEHOLDERS = { resolve: ["{version}"], observe: ["{env}"], apply: ["{env}", "{run}", "{epoch}"] };

function open(changes: Record<string, unknown> = {}): Target {
  const all = { ...verbs(), ...changes } as Record<string, { command: string[] }>;
  for (const [verb, placeholders] of Object.entries(PLACEHOLDERS)) {
    const section = all[verb];
    if (section && section.command[1] === "-e") section.command.push(...placeholders);
  }
  const section = { kind: "command", production: false, routing: "per-request", instanceUrls: false, ...all };
  return openCommandTarget({ root, config: CommandConfig.parse(section), ports: realPorts(), settleMs: 300 });
}

async function failure(work: Promise<unknown>): Promise<TargetError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TargetError);
  return error as TargetError;
}

const calls = () => {
  try {
    return readFileSync(join(root, "calls.log"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
};
const observe = (target: Target) => target.observe("production", never());
const apply = (target: Target, pools: readonly Pool[], epoch = 1) =>
  target.apply("production", pools, fence(epoch), never());

describe("a call of a command", () => {
  test.each<[string, string, boolean, RegExp]>([
    ["75", `console.error("quota exceeded, wait"); process.exit(75)`, true, /ended with code 75: quota exceeded, wait/],
    ["1", `console.error("no such\\nservice\\x1b[31m"); process.exit(1)`, false, /ended with code 1: no such service/],
    ["a signal", `process.kill(process.pid, "SIGKILL")`, true, /ended by SIGKILL/],
    ["0 without a word", "", false, /found nothing/],
    ["0 after half of its answer", `process.stdout.write('{"entryUrl":"http://127')`, false, /one JSON object/],
  ])("that ends with %s", async (_name, code, retryable, says) => {
    const error = await failure(observe(open({ observe: script(code) })));
    expect(error.message).toMatch(says);
    expect(error.retryable).toBe(retryable);
  });

  test("that hangs is killed with everything it started", async () => {
    const child = `setInterval(() => require("node:fs").appendFileSync(${JSON.stringify(join(root, "beat"))}, "x"), 20)`;
    const hangs = script(
      `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); console.error("waiting for the quorum"); setInterval(() => {}, 1000)`,
      { timeout: "2s" },
    );
    const error = await failure(observe(open({ observe: hangs })));
    expect(error.message).toMatch(/not done within 2\.0 s and was killed: waiting for the quorum/);
    expect(error.retryable).toBe(true);
    const beats = () => (readdirSync(root).includes("beat") ? readFileSync(join(root, "beat")).length : 0);
    const before = beats();
    expect(before).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(beats()).toBe(before);
  });

  test("that prints more than is kept is refused, not cut; a chatty standard error is not", async () => {
    const long = script(`console.log(JSON.stringify({ x: "y".repeat(5000) }))`, { outputKb: 1 });
    expect((await failure(observe(open({ observe: long })))).message).toMatch(/at most 1 KiB/);
    const answer = JSON.stringify(printed([POOL]));
    const chatty = script(`console.error("z".repeat(100000)); console.log(${answer})`, { outputKb: 1 });
    expect((await observe(open({ observe: chatty }))).pools).toEqual([POOL]);
  });

  test("of a program that does not exist is final and says which", async () => {
    const error = await failure(observe(open({ observe: { command: ["no-such-program-here"] } })));
    expect(error.message).toContain("no-such-program-here");
    expect(error).toMatchObject({ retryable: false });
    expect(error.next).toContain("target.observe.command");
  });

  test("sees the variables that it may see, and who calls", async () => {
    vi.stubEnv("SHOWN", "yes");
    vi.stubEnv("HIDDEN_SECRET", "no");
    const target = open({
      apply: script(`log(JSON.stringify(process.env)); process.exit(9)`, { passEnv: ["SHOWN"], env: { OWN: "1" } }),
    });
    await failure(apply(target, [POOL], 7));
    const seen = JSON.parse(calls().find((line) => line.startsWith("{")) ?? "{}");
    expect(seen).toMatchObject({
      SHOWN: "yes",
      OWN: "1",
      DEPLOY_FLOW_VERB: "apply",
      DEPLOY_FLOW_ENV: "production",
      DEPLOY_FLOW_EPOCH: "7",
      DEPLOY_FLOW_RUN: fence(7).runId,
    });
    expect(seen).not.toHaveProperty("HIDDEN_SECRET");
  });

  test("runs in its folder, which has to be inside the project", async () => {
    mkdirSync(join(root, "deploy"));
    symlinkSync(tmpdir(), join(root, "out"));
    const where = (cwd: string) => open({ observe: script(`console.error(process.cwd()); process.exit(1)`, { cwd }) });
    expect((await failure(observe(where("deploy")))).message).toContain(join(root, "deploy"));
    for (const cwd of ["..", "/", "out", "missing"]) {
      const error = await failure(observe(where(cwd)));
      expect(error.message).toContain("target.observe.cwd");
    }
  });

  test("aborted is ended at once", async () => {
    const stop = new AbortController();
    const target = open({ observe: script("setInterval(() => {}, 1000)") });
    const work = target.observe("production", stop.signal);
    setTimeout(() => stop.abort(new Error("no more")), 200);
    await expect(work).rejects.toThrow("no more");
  });
});

describe("apply", () => {
  test("hands the pools over, fills the placeholders, and returns what is read back", async () => {
    const live = await apply(open(), [POOL], 3);
    expect(live.pools).toEqual([POOL]);
    expect(calls()).toEqual(["resolve 1.0.0", `apply production ${fence(3).runId} 3`]);
  });

  test("asks for the digest of what does not run yet, and of nothing else", async () => {
    const target = open();
    await apply(target, [POOL]);
    await apply(target, [
      { ...POOL, weightPct: 50 },
      { version: V2, digest: D2, instances: 1, weightPct: 50 },
    ]);
    await apply(target, [POOL]);
    expect(calls().filter((line) => line.startsWith("resolve"))).toEqual(["resolve 1.0.0", "resolve 2.0.0"]);
  });

  test("of another artifact than the planned one starts nothing", async () => {
    const error = await failure(apply(open(), [{ ...POOL, digest: D2 }]));
    expect(error.message).toMatch(/changed/);
    expect(error.retryable).toBe(false);
    expect(calls()).toEqual(["resolve 1.0.0"]);
  });

  test("that claims to be done and is not has failed", async () => {
    const error = await failure(apply(open({ apply: script("") }), [POOL]));
    expect(error.message).toMatch(
      /ended with code 0, but production is not what was asked for: expected a pool of 1\.0\.0/,
    );
    expect(error.retryable).toBe(true);
  });

  test("goes back to the old version while the new one, which ran, is unwell; a new one that is started must be ready", async () => {
    const newer: Pool = { version: V2, digest: D2, instances: 1, weightPct: 0 };
    const state = JSON.stringify(join(root, "state.json"));
    const unwell = script(
      `const pools = JSON.parse(require("node:fs").readFileSync(${state}, "utf8"));
       console.log(JSON.stringify({ entryUrl: "http://127.0.0.1:1", pools, instances: pools.map((p) => ({
         id: p.version, version: p.version, digest: p.digest, state: p.version === "2.0.0" ? "unhealthy" : "ready",
         startedAt: "2026-01-31T12:00:00Z", restarts: 0, oomKills: 0 })) }))`,
    );
    await apply(open(), [POOL]);
    const error = await failure(apply(open({ observe: unwell }), [POOL, newer]));
    expect(error.message).toContain("expected 1 ready instances of 2.0.0, found 0");
    await apply(open(), [
      { ...POOL, weightPct: 50 },
      { ...newer, weightPct: 50 },
    ]);
    const live = await apply(open({ observe: unwell }), [POOL, newer]);
    expect(live.pools).toEqual([POOL, newer]);
  });

  test("that starts other bytes has failed for good", async () => {
    const target = open({ observe: script(`console.log(${JSON.stringify(printed([{ ...POOL, digest: D2 }]))})`) });
    const error = await failure(apply(target, [POOL]));
    expect(error.message).toContain(`found ${D2}`);
    expect(error.retryable).toBe(false);
  });

  test("goes on where nobody can look first, and is not believed without looking after", async () => {
    const error = await failure(apply(open({ observe: script(`console.log("{")`) }), [POOL]));
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/^apply/);
    expect(error.message).toContain("observe command does not keep to the contract");
  });

  test("below the highest epoch is refused before any command is started, also by another process's memory", async () => {
    await apply(open(), [POOL], 5);
    const before = calls().length;
    const error = await failure(apply(open(), [], 4));
    expect(error.message).toMatch(/epoch 4 .* is shut out of production/);
    expect(error.retryable).toBe(false);
    expect(calls()).toHaveLength(before);
    expect((await apply(open(), [], 5)).pools).toEqual([]);
    expect((await apply(open(), [POOL], 6)).pools).toEqual([POOL]);
    expect(readdirSync(join(root, ".aiwg/command-target/production"))).toEqual(["epoch-000000000006.json"]);
  });

  test("takes over from one that hangs: the old command is killed and fails as retryable", async () => {
    const hanging = open({ apply: script(`log("hangs"); setInterval(() => {}, 1000)`) });
    const first = failure(apply(hanging, [POOL], 1));
    await eventually(
      async () => calls(),
      (seen) => seen.includes("hangs"),
    );
    const live = await apply(open(), [POOL], 2);
    expect(live.pools).toEqual([POOL]);
    const error = await first;
    expect(error.message).toContain("superseded");
    expect(error.retryable).toBe(true);
  });

  test("takes the platform's own lock first, and stops where it is held", async () => {
    const held = script(`console.error("held by another machine"); process.exit(75)`);
    const error = await failure(apply(open({ lock: held }), [POOL]));
    expect(error.message).toContain("held by another machine");
    expect(error.retryable).toBe(true);
    expect(calls()).toEqual(["resolve 1.0.0"]);
    const free = script(`log("lock " + process.env.DEPLOY_FLOW_RUN)`);
    await apply(open({ lock: free }), [POOL], 2);
    expect(calls().slice(-2)).toEqual([`lock ${fence(2).runId}`, `apply production ${fence(2).runId} 2`]);
  });
});

describe("unlock", () => {
  const locking = (code = `log("unlock " + process.argv.slice(1).join(" "))`) => {
    const unlock = script(code);
    return { lock: script(""), unlock: { ...unlock, command: [...unlock.command, "{env}", "{run}", "{epoch}"] } };
  };

  test("is there only where it is configured", () => {
    expect(open({ lock: script("") }).unlock).toBeUndefined();
    expect(open(locking()).unlock).toBeTypeOf("function");
  });

  test("names environment, run and epoch, and is fenced like apply", async () => {
    const target = open(locking());
    await target.unlock?.("production", fence(4), never());
    expect(calls()).toEqual([`unlock production ${fence(4).runId} 4`]);
    expect((await failure(target.unlock?.("production", fence(3), never()) ?? Promise.resolve())).retryable).toBe(
      false,
    );
    expect(calls()).toHaveLength(1);
  });

  test("that fails tells why", async () => {
    const target = open(locking(`console.error("the lease server is away"); process.exit(75)`));
    const error = await failure(target.unlock?.("production", fence(1), never()) ?? Promise.resolve());
    expect(error.message).toContain("the lease server is away");
    expect(error.retryable).toBe(true);
  });

  test("waits for a migration that still works under the claim", async () => {
    const go = join(root, "go");
    const target = open({
      ...locking(),
      migrate: script(
        `log("begins"); setInterval(() => { if (require("node:fs").existsSync(${JSON.stringify(go)})) process.exit(0) }, 20)`,
      ),
    });
    const migrating = target.migrate?.("production", "001", fence(1), never());
    await eventually(
      async () => calls(),
      (seen) => seen.includes("begins"),
    );
    const early = await failure(target.unlock?.("production", fence(2), never()) ?? Promise.resolve());
    expect(early.message).toContain("a migration of an earlier runner still works on production");
    expect(early.retryable).toBe(true);
    writeFileSync(go, "");
    await migrating;
    await target.unlock?.("production", fence(2), never());
    expect(calls().at(-1)).toMatch(/^unlock production/);
  });
});

describe("migrate", () => {
  const migrating = (code: string) => ({
    migrate: { ...script(code), command: [...script(code).command, "{migration}", "{epoch}"] },
  });

  test("is there only where it is configured", () => {
    expect(open().migrate).toBeUndefined();
    expect(open(migrating("")).migrate).toBeTypeOf("function");
  });

  test("runs once per call, fenced like apply", async () => {
    const target = open(migrating(`log("migrate " + process.argv.slice(1).join(" "))`));
    await target.migrate?.("production", "001-add-column", fence(4), never());
    expect(calls()).toEqual(["migrate 001-add-column 4"]);
    const refused = target.migrate?.("production", "002", fence(3), never()) ?? Promise.resolve();
    expect((await failure(refused)).retryable).toBe(false);
    expect(calls()).toHaveLength(1);
  });

  test("is neither killed by a later apply nor started a second time while it works", async () => {
    const go = join(root, "go");
    const target = open(
      migrating(
        `log("begins"); setInterval(() => { if (require("node:fs").existsSync(${JSON.stringify(go)})) { log("ends"); process.exit(0) } }, 20)`,
      ),
    );
    const first = target.migrate?.("production", "001", fence(1), never());
    await eventually(
      async () => calls(),
      (seen) => seen.includes("begins"),
    );
    const again = await failure(target.migrate?.("production", "001", fence(2), never()) ?? Promise.resolve());
    expect(again.retryable).toBe(true);
    await apply(target, [POOL], 2);
    writeFileSync(go, "");
    await first;
    expect(calls()).toContain("ends");
  });
});

describe("the section of deploy.yaml", () => {
  test.each([
    [
      "a placeholder of another verb",
      { apply: { command: ["x", "{version}"] } },
      /apply has no placeholder \{version\}; expected \{env\}, \{run\}, \{epoch\}/,
    ],
    ["a misspelt placeholder", { resolve: { command: ["x", "{versoin}"] } }, /no placeholder \{versoin\}/],
    ["no program", { apply: { command: [""] } }, /expected a program first/],
    ["an unlock without a lock", { unlock: { command: ["x"] } }, /expected target\.lock beside it/],
    ["no time", { apply: { command: ["x"], timeout: "0s" } }, /expected some time/],
    ["no word on real users", { production: undefined }, /expected boolean/],
    ["no word on routing", { routing: undefined }, /per-request/],
  ])("refuses %s", (_name, changes, says) => {
    const section = { kind: "command", production: false, routing: "per-request", ...verbs(), ...changes };
    expect(CommandConfig.safeParse(section).error?.message).toMatch(says);
  });
});
