import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { CommandConfig, openCommandTarget, type Target, TargetError } from "../../mcp-server/target/index.ts";
import type { Digest, Fence, Pool, RunId, Version } from "../../mcp-server/vocab/index.ts";

const DIGEST = `sha256:${"ab".repeat(32)}` as Digest;
const POOL: Pool = { version: "2.0.0" as Version, digest: DIGEST, instances: 1, weightPct: 100 };
const fence = (epoch: number): Fence => ({ runId: "dpl-20260301T120000Z-00000a" as RunId, epoch });
const signal = () => AbortSignal.timeout(30_000);
const ports = realPorts();

/** The command leaves a child in its group that goes on writing, and is killed itself. */
const LEADER = `
const { spawn } = require("node:child_process");
const { writeFileSync } = require("node:fs");
const child = spawn(process.execPath, ["-e", process.argv[2]], { stdio: "ignore" });
writeFileSync("pids.json", JSON.stringify({ leader: process.pid, child: child.pid, turn: process.env.DEPLOY_FLOW_TURN }));
setInterval(() => {}, 1000);
`;
const CHILD = `setInterval(() => require("node:fs").appendFileSync("acted.txt", "x"), 20);`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "command-orphans-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function targetOf(apply: readonly string[]): Target {
  const answer = {
    entryUrl: "http://127.0.0.1:1",
    pools: [POOL],
    instances: [
      {
        id: "a",
        version: POOL.version,
        digest: DIGEST,
        state: "ready",
        startedAt: "2026-03-01T00:00:00.000Z",
        restarts: 0,
        oomKills: 0,
      },
    ],
  };
  const say = (value: unknown) => [
    process.execPath,
    "-e",
    `process.stdout.write(${JSON.stringify(JSON.stringify(value))})`,
  ];
  return openCommandTarget({
    root,
    ports,
    settleMs: 2_000,
    config: CommandConfig.parse({
      kind: "command",
      production: false,
      routing: "per-request",
      instanceUrls: false,
      resolve: { command: say({ digest: DIGEST }) },
      observe: { command: say(answer) },
      apply: { command: apply, timeout: "60s" },
      migrate: { command: apply, timeout: "60s" },
    }),
  });
}

const pids = () =>
  JSON.parse(readFileSync(join(root, "pids.json"), "utf8")) as { leader: number; child: number; turn: string };
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it did not come to that");
    await ports.clock.sleep(10);
  }
}
const tried = (look: () => unknown) => {
  try {
    return Boolean(look());
  } catch {
    return false;
  }
};

/** A runner that is killed: its command lives on without it, then dies too, and only the child is left. */
async function orphaned(verb: "apply" | "migrate"): Promise<{ leader: number; child: number }> {
  const script = join(root, "leader.cjs");
  writeFileSync(script, LEADER);
  const target = targetOf([process.execPath, script, CHILD]);
  const call =
    verb === "apply"
      ? target.apply("production", [POOL], fence(1), signal())
      : target.migrate?.("production", "m", fence(1), signal());
  const files: Record<string, string> = {};
  const dir = join(root, ".aiwg", "command-target", "production");
  await until(
    () =>
      tried(pids) &&
      ports.disk.list(dir).some((name) => name.endsWith(".group.json")) &&
      tried(() => readFileSync(join(root, "acted.txt"))),
  );
  for (const name of ports.disk.list(dir)) files[name] = readFileSync(join(dir, name), "utf8");
  const { leader, child, turn } = pids();
  expect(ports.processes.startedWith(child, "DEPLOY_FLOW_TURN", turn)).toBe(true);
  expect(ports.processes.group(leader).sort()).toEqual([leader, child].sort());
  process.kill(leader, "SIGKILL");
  await expect(call).rejects.toThrow();
  // What the dead runner would have left: it never came to clear its turn away.
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  expect(ports.processes.identify(leader)).toBeUndefined();
  return { leader, child };
}

describe("what a dead runner's command left running", () => {
  it("is ended with its group before the next owner changes anything, though its leader is gone", async () => {
    const { child } = await orphaned("apply");
    const revived = tried(() => ports.processes.identify(child));
    await targetOf([process.execPath, "-e", ""]).apply("production", [POOL], fence(2), signal());
    expect(ports.processes.identify(child)).toBeUndefined();
    expect(revived).toBe(true);
    const acted = readFileSync(join(root, "acted.txt")).length;
    await ports.clock.sleep(200);
    expect(readFileSync(join(root, "acted.txt")).length).toBe(acted);
  });

  it("keeps a second migration out while it works", async () => {
    const { leader, child } = await orphaned("migrate");
    const again = targetOf([process.execPath, "-e", ""]).migrate?.("production", "m", fence(2), signal());
    await expect(again).rejects.toThrow(TargetError);
    expect(ports.processes.identify(child)).toBeDefined();
    ports.processes.kill(-leader, "SIGKILL");
    await until(() => ports.processes.identify(child) === undefined);
    await targetOf([process.execPath, "-e", ""]).migrate?.("production", "m", fence(2), signal());
  });
});
