import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { realProcesses } from "../../mcp-server/ports/index.ts";
import { fakeProcesses } from "../fakes/index.ts";

const forever = "setInterval(() => {}, 1000)";

async function ended(pid: number): Promise<void> {
  while (realProcesses.identify(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a process", () => {
  it("knows itself, and is known by its pid", () => {
    const self = realProcesses.self();
    expect(self.pid).toBe(process.pid);
    expect(realProcesses.identify(process.pid)).toEqual(self);
    expect(self.bootId).not.toBe("");
    expect(realProcesses.residentBytes(process.pid)).toBeGreaterThan(1_000_000);
  });

  it("has another start mark than one started later", async () => {
    const child = realProcesses.spawnChild([process.execPath, "-e", forever], { cwd: "/", env: {} });
    const pid = child.pid ?? 0;
    expect(realProcesses.identify(pid)).toMatchObject({ pid, bootId: realProcesses.self().bootId });
    expect(realProcesses.identify(pid)?.start).not.toBe(realProcesses.self().start);
    expect(realProcesses.kill(pid, "SIGKILL")).toBe(true);
    await ended(pid);
    expect(realProcesses.identify(pid)).toBeUndefined();
    expect(realProcesses.residentBytes(pid)).toBeUndefined();
  });

  it("is found by its group and its environment when the leader of the group is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "processes-"));
    const logFile = join(folder, "log");
    const code = `const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(forever)}], { stdio: "ignore" });
      console.log(child.pid); ${forever}`;
    const env = { MARK_OF_TEST: "a-17" };
    const leader = realProcesses.spawnDetached([process.execPath, "-e", code], { cwd: "/", env, logFile });
    try {
      while (!readFileSync(logFile, "utf8").includes("\n")) await new Promise((resolve) => setTimeout(resolve, 5));
      const child = Number(readFileSync(logFile, "utf8"));
      const sorted = (pids: number[]) => pids.sort((a, b) => a - b);
      expect(sorted(realProcesses.group(leader))).toEqual(sorted([leader, child]));
      realProcesses.kill(leader, "SIGKILL");
      await ended(leader);
      expect(realProcesses.group(leader)).toEqual([child]);
      expect(realProcesses.startedWith(child, "MARK_OF_TEST", "a-17")).toBe(true);
      expect(realProcesses.startedWith(child, "MARK_OF_TEST", "a-1")).toBe(false);
      expect(realProcesses.startedWith(process.pid, "MARK_OF_TEST", "a-17")).toBe(false);
      expect(realProcesses.kill(-leader, "SIGKILL")).toBe(true);
      await ended(child);
      expect(realProcesses.group(leader)).toEqual([]);
      expect(realProcesses.startedWith(child, "MARK_OF_TEST", "a-17")).toBe(false);
    } finally {
      realProcesses.kill(-leader, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("is nobody when there is none with that pid", () => {
    // Above the largest pid that Linux gives.
    expect(realProcesses.identify(2 ** 22 + 1)).toBeUndefined();
    expect(realProcesses.kill(2 ** 22 + 1, "SIGTERM")).toBe(false);
  });

  it("that cannot be started on its own is an error, which does not end this process a moment later", async () => {
    const folder = mkdtempSync(join(tmpdir(), "deploy-flow-detached-"));
    const lost: unknown[] = [];
    const keep = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => lost.push(error));
    try {
      const o = { cwd: folder, env: {}, logFile: join(folder, "log") };
      expect(() => realProcesses.spawnDetached(["/no/such/program"], o)).toThrow("cannot start /no/such/program");
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of keep) process.on("uncaughtException", listener);
      rmSync(folder, { recursive: true });
    }
    expect(lost).toEqual([]);
  });

  it("can be started on its own, with a session and a log of its own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "processes-"));
    try {
      const logFile = join(folder, "log");
      const code = `console.log(process.pid, JSON.stringify(process.env), process.cwd()); console.error("err"); ${forever}`;
      const pid = realProcesses.spawnDetached([process.execPath, "-e", code], { cwd: "/", env: { A: "1" }, logFile });
      while (!readFileSync(logFile, "utf8").includes("err")) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(readFileSync(logFile, "utf8")).toBe(`${pid} {"A":"1"} /\nerr\n`);
      // The leader of its own group: a signal to ours does not reach it.
      expect(() => process.kill(-pid, 0)).not.toThrow();
      realProcesses.kill(pid, "SIGKILL");
      await ended(pid);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(["spawnDetached", "spawnChild"] as const)("needs a name to be started by %s", (how) => {
    expect(() => realProcesses[how]([], { cwd: "/", env: {}, logFile: "/dev/null" })).toThrow("names no command");
  });
});

describe("the fake process table", () => {
  it("tells a reused pid and a restarted machine from the process that was", () => {
    const machine = fakeProcesses();
    machine.start(200);
    const first = machine.identify(200);
    machine.end(200);
    expect(machine.identify(200)).toBeUndefined();
    machine.start(200);
    expect(machine.identify(200)?.start).not.toBe(first?.start);
    machine.reboot();
    machine.start(200);
    expect(machine.identify(200)?.bootId).not.toBe(first?.bootId);
    expect(machine.as(200).self()).toEqual(machine.identify(200));
  });
});
