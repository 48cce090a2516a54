import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lostRequests } from "./traffic.ts";
import { BUNDLE, makeWorld, type World } from "./world.ts";

/** An agent host as far as the server can see one: JSON-RPC lines over standard input and output. */
class Host {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, (message: { result?: unknown; error?: unknown }) => void>();
  #last = 0;

  constructor(root: string) {
    this.process = spawn(process.execPath, [BUNDLE, "serve", "--project", root]);
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      const message = JSON.parse(line) as { id?: number; result?: unknown; error?: unknown };
      if (message.id !== undefined) this.#answers.get(message.id)?.(message);
    });
  }

  send(method: string, params: unknown, notification = false): Promise<{ result?: unknown; error?: unknown }> {
    this.#last += 1;
    const id = this.#last;
    const answered = new Promise<{ result?: unknown; error?: unknown }>((resolve) => this.#answers.set(id, resolve));
    this.process.stdin.write(
      `${JSON.stringify({ jsonrpc: "2.0", ...(notification ? {} : { id }), method, params })}\n`,
    );
    return notification ? Promise.resolve({}) : answered;
  }

  async open(): Promise<void> {
    const clientInfo = { name: "test-host", version: "1" };
    await this.send("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    await this.send("notifications/initialized", {}, true);
  }
}

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

test("an agent host that is killed in the middle of a canary changes nothing: the runner finishes", async () => {
  const host = new Host(world.project.root);
  await host.open();
  const started = await host.send("tools/call", { name: "deploy-start", arguments: { version: "2.0.0" } });
  expect(started.error).toBeUndefined();
  expect(JSON.stringify(started.result)).toContain("dpl-");
  while (!world.events().some(({ event }) => event.event === "watch-started"))
    await world.project.ports.clock.sleep(20);
  const before = world.events().length;
  host.process.kill("SIGKILL");
  const status = await world.ended();
  const events = world.events();
  expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
  expect(status.runner.restarted).toBeUndefined();
  expect(events.length).toBeGreaterThan(before);
  expect(events.filter(({ event }) => event.event === "ownership")).toHaveLength(1);
  expect(lostRequests(world.load.records)).toEqual([]);
});

test("a reader that goes away and a terminal that hangs up change nothing: the command that owns the run finishes", async () => {
  const child = spawn(process.execPath, [BUNDLE, "run", "3.0.0", "--project", world.project.root]);
  child.stdout.once("data", () => child.stdout.destroy());
  child.stderr.resume();
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (!world.events().some(({ event }) => event.event === "run-opened" && event.version === "3.0.0")) {
    await world.project.ports.clock.sleep(20);
  }
  while (!world.events().some(({ event }) => event.event === "watch-started"))
    await world.project.ports.clock.sleep(20);
  child.kill("SIGHUP");
  expect(await code).toBe(0);
  const status = await world.ended();
  expect(status).toMatchObject({ version: "3.0.0", outcome: "SUCCESS" });
  expect(world.events().filter(({ event }) => event.event === "ownership")).toHaveLength(1);
});
