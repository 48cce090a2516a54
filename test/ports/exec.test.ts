import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { allowEnv, type ExecOptions, realExec, realProcesses } from "../../mcp-server/ports/index.ts";

const node = process.execPath;
const options: ExecOptions = { cwd: "/", env: {}, timeoutMs: 20_000, outputCapBytes: 1_000 };
const script = (code: string, more: Partial<ExecOptions> = {}) =>
  realExec.run([node, "-e", code], { ...options, ...more });

/** Resolves when the process has ended; the test's own timeout is the limit. */
async function ended(pid: number): Promise<void> {
  while (realProcesses.identify(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Ends at once and leaves a process in a session of its own that holds on to its output for longer than the limit. */
const LEAVES_A_CHILD = `
  const child = require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], {
    detached: true,
    stdio: "inherit",
  });
  child.unref();
  console.log(child.pid);
`;

/** Opens files until there is no handle left, then runs a command with a long limit. */
const NO_HANDLE_LEFT = `
  import { closeSync, openSync } from "node:fs";
  import { realExec } from "../../mcp-server/ports/exec.ts";
  const open = [];
  try { for (;;) open.push(openSync("/dev/null", "r")); } catch {}
  const running = realExec.run([process.execPath, "-e", ""], { cwd: "/", env: {}, timeoutMs: 600000, outputCapBytes: 10 });
  running.then(() => "ran", (error) => "rejected " + error.code).then((end) => {
    for (const handle of open) closeSync(handle);
    console.log(end);
  });
`;

describe("a command", () => {
  it("gives back its exit code and both outputs", async () => {
    const exit = await script("console.log('out'); console.error('err'); process.exit(3)");
    expect(exit).toMatchObject({
      code: 3,
      killedBy: undefined,
      timedOut: false,
      stdout: "out\n",
      stderr: "err\n",
      droppedBytes: 0,
    });
    expect(exit.durationMs).toBeGreaterThan(0);
  });

  it("does not work on when whoever has to know of it cannot be told", async () => {
    let started = 0;
    const refused = script("setTimeout(() => {}, 60000)", {
      onStart: (pid) => {
        started = pid;
        throw new Error("the disk is full");
      },
    });
    await expect(refused).rejects.toThrow("the disk is full");
    await ended(started);
  });

  it("gets its arguments as they are, without a shell", async () => {
    const exit = await realExec.run([node, "-p", "process.argv[1]", "$(id) `id` ; a|b *"], options);
    expect(exit.stdout).toBe("$(id) `id` ; a|b *\n");
  });

  it("sees the environment that it is given and nothing else", async () => {
    process.env.DEPLOY_FLOW_TEST_SECRET = "s3cret";
    try {
      const exit = await script("console.log(JSON.stringify(process.env))", { env: { GIVEN: "1" } });
      expect(JSON.parse(exit.stdout)).toEqual({ GIVEN: "1" });
      expect(allowEnv(["DEPLOY_FLOW_TEST_SECRET", "NOT_SET_ANYWHERE"])).toEqual({ DEPLOY_FLOW_TEST_SECRET: "s3cret" });
    } finally {
      delete process.env.DEPLOY_FLOW_TEST_SECRET;
    }
  });

  it("reads what it is told on standard input, and is not disturbed when it does not", async () => {
    expect((await script("process.stdin.pipe(process.stdout)", { stdin: "hello" })).stdout).toBe("hello");
    expect((await script("process.exit(0)", { stdin: "x".repeat(1_000_000) })).code).toBe(0);
  });

  it("may print without end: the head is kept, the rest counted", async () => {
    const exit = await script("process.stdout.write('x'.repeat(5000)); process.stderr.write('y'.repeat(10))");
    expect(exit.stdout).toBe("x".repeat(1_000));
    expect(exit.droppedBytes).toBe(4_000);
    expect(exit.stderr).toBe("y".repeat(10));
  });

  it("is ended with all its children when its time is up", async () => {
    const argv = ["/bin/sh", "-c", "sleep 600 & echo $!; wait"];
    const exit = await realExec.run(argv, { ...options, env: { PATH: "/usr/bin:/bin" }, timeoutMs: 1_000 });
    expect(exit).toMatchObject({ code: undefined, killedBy: "SIGKILL", timedOut: true });
    expect(Number(exit.stdout)).toBeGreaterThan(1);
    await ended(Number(exit.stdout));
  });

  it("is over when it ends, also where a child of its own keeps the output open", async () => {
    const argv = [process.execPath, "-e", LEAVES_A_CHILD];
    const exit = await realExec.run(argv, { ...options, timeoutMs: 20_000 });
    expect(exit).toMatchObject({ code: 0, timedOut: false });
    expect(exit.durationMs).toBeLessThan(15_000);
    process.kill(Number(exit.stdout), "SIGKILL");
  });

  it("is ended by an abort, before or after it started", async () => {
    const stop = new AbortController();
    const running = script("setInterval(() => {}, 1000)", { signal: stop.signal });
    stop.abort();
    expect(await running).toMatchObject({ killedBy: "SIGKILL", timedOut: false });
    expect(await script("setInterval(() => {}, 1000)", { signal: AbortSignal.abort() })).toMatchObject({
      killedBy: "SIGKILL",
    });
  });

  it.each([[[]], [["/no/such/program"]]])("that cannot be started rejects: %j", async (argv) => {
    await expect(realExec.run(argv, options)).rejects.toThrow();
  });

  it("that finds no file handle left rejects, and ends neither this process nor its patience", async () => {
    const folder = mkdtempSync(join(tmpdir(), "deploy-flow-exec-"));
    const program = join(folder, "program.mjs");
    await build({
      stdin: { contents: NO_HANDLE_LEFT, resolveDir: import.meta.dirname },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: program,
    });
    const argv = ["/bin/sh", "-c", `ulimit -n 40; exec "${node}" "${program}"`];
    const exit = await realExec.run(argv, { ...options, env: { PATH: "/usr/bin:/bin" } });
    rmSync(folder, { recursive: true });
    expect(exit).toMatchObject({ code: 0, stderr: "", stdout: "rejected EMFILE\n" });
  });
});
