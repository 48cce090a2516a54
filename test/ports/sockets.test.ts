import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { realProcesses, realSockets, SocketRefusal, socketPath } from "../../mcp-server/ports/index.ts";

const folder = mkdtempSync(join(tmpdir(), "sockets-"));
const path = join(folder, "s");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a socket", () => {
  let server: { close(): Promise<void> };
  beforeAll(async () => {
    server = await realSockets.serve(path, async (request) => {
      if (request === "fail") throw Object.assign(new Error("not now"), { data: { code: "busy" } });
      if (request === "nothing") return undefined;
      return { echo: request };
    });
  });
  afterAll(() => server.close());

  it("is private, and gives each request its answer", async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const answers = await Promise.all([1, 2, 3].map((n) => realSockets.call(path, { n }, 5_000)));
    expect(answers).toEqual([1, 2, 3].map((n) => ({ echo: { n } })));
    expect(await realSockets.call(path, "nothing", 5_000)).toBeNull();
  });

  it("carries a request of a megabyte, and line ends and other signs inside it", async () => {
    const text = "ü\n日本\r\n\u2028".repeat(60_000);
    expect(await realSockets.call(path, text, 10_000)).toEqual({ echo: text });
  });

  it("tells a refusal from silence", async () => {
    const refusal = await realSockets.call(path, "fail", 5_000).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SocketRefusal);
    expect(refusal).toMatchObject({ message: "not now", data: { code: "busy" } });
  });

  it("answers a line that is no JSON with a refusal", async () => {
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(path, () => socket.write("{oops\n"));
      socket.setEncoding("utf8").on("data", resolve);
    });
    expect(JSON.parse(reply)).toMatchObject({ ok: false });
  });

  it("survives a caller that goes away in the middle", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.write('{"half', () => socket.destroy()));
      socket.on("close", () => resolve());
    });
    expect(await realSockets.call(path, 1, 5_000)).toEqual({ echo: 1 });
  });
});

describe("a server that closes", () => {
  it("does not wait for callers that connected and never asked", async () => {
    const where = join(folder, "closing");
    const server = await realSockets.serve(where, async () => "answer");
    const idle = connect(where);
    await new Promise((resolve) => idle.once("connect", resolve));
    const gone = new Promise((resolve) => idle.once("close", resolve));
    expect(await realSockets.call(where, 1, 5_000)).toBe("answer");
    await server.close();
    await gone;
    expect(idle.destroyed).toBe(true);
  });
});

describe("a socket that nobody serves", () => {
  it.each([
    ["missing", join(folder, "none"), "ENOENT"],
    ["left behind by a dead process", join(folder, "stale"), "ECONNREFUSED"],
  ])("(%s) is an error of the system", async (_name, where, code) => {
    if (code === "ECONNREFUSED") await leaveBehind(where);
    await expect(realSockets.call(where, 1, 5_000)).rejects.toMatchObject({ code });
  });

  it("left behind is served again by the next process", async () => {
    const where = join(folder, "again");
    await leaveBehind(where);
    const server = await realSockets.serve(where, async () => "alive");
    expect(await realSockets.call(where, 1, 5_000)).toBe("alive");
    await server.close();
  });

  it.each([
    ["never answers", () => {}, "ETIMEDOUT"],
    ["hangs up", (socket: { end(): void }) => socket.end(), "ECONNRESET"],
  ])("but by one that %s is no answer", async (_name, behave, code) => {
    const where = join(folder, `mute-${code}`);
    const server = createServer((socket) => {
      socket.on("error", () => {});
      behave(socket);
    });
    await new Promise<void>((resolve) => server.listen(where, () => resolve()));
    await expect(realSockets.call(where, 1, 100)).rejects.toMatchObject({ code });
    server.close();
  });
});

describe("the path of a project's socket", () => {
  it("is short, private, and another one for another project or role", () => {
    const paths = [socketPath("/a", "runner"), socketPath("/b", "runner"), socketPath("/a", "sandbox")];
    expect(new Set(paths).size).toBe(3);
    expect(Math.max(...paths.map((found) => found.length))).toBeLessThan(100);
    expect(statSync(join(paths[0] ?? "", "..")).mode & 0o777).toBe(0o700);
  });
});

/** A process that dies without cleaning up leaves its socket file. */
async function leaveBehind(where: string): Promise<void> {
  const code = `require("node:net").createServer().listen(${JSON.stringify(where)}, () => process.kill(process.pid, "SIGKILL"))`;
  const child = realProcesses.spawnChild([process.execPath, "-e", code], { cwd: "/", env: {} });
  await new Promise((resolve) => child.once("exit", resolve));
  expect(existsSync(where)).toBe(true);
}
