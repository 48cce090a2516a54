import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type Ms, messageOf, sha256 } from "../vocab/index.ts";

/** A request was understood and refused, or failed, on the other side of a socket. */
export class SocketRefusal extends Error {
  readonly data: unknown;
  constructor(message: string, data: unknown) {
    super(message);
    this.name = "SocketRefusal";
    this.data = data;
  }
}

/** Request and answer over a private Unix socket, one JSON line each way per connection. */
export interface Sockets {
  /** Answers every request with what `answer` resolves to; a rejection becomes a refusal with its message. */
  serve(path: string, answer: (request: unknown) => Promise<unknown>): Promise<{ close(): Promise<void> }>;
  /** Rejects with {@link SocketRefusal} when the other side refused; with the system's error when nobody answers in time. */
  call(path: string, request: unknown, timeoutMs: Ms): Promise<unknown>;
}

/**
 * Path of the socket of one role of one project. Unix socket paths hold about 100 bytes, project paths more, so the
 * sockets live in a private folder of the user and carry a hash of the project's folder.
 */
export function socketPath(projectRoot: string, role: "runner" | "sandbox"): string {
  return privatePath(projectRoot, role);
}

/** A file name of one project in a folder outside of it that no other user can look into. */
export function privatePath(projectRoot: string, name: string): string {
  const base = process.env.XDG_RUNTIME_DIR ?? tmpdir();
  const folder = join(base, `deploy-flow-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a private folder of this user; remove it and try again`);
  }
  return join(folder, `${sha256(projectRoot).slice(0, 16)}.${name}`);
}

const MAX_LINE_BYTES = 64 * 1024 * 1024;

export const realSockets: Sockets = {
  serve: (path, answer) =>
    new Promise((resolve, reject) => {
      const waiting = new Set<Socket>();
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        let text = "";
        let taken = false;
        waiting.add(socket);
        socket.on("close", () => waiting.delete(socket));
        // Half open is for callers that wait for their answer; one that left before asking gets none.
        socket.on("end", () => taken || socket.destroy());
        socket.setEncoding("utf8");
        socket.on("error", () => socket.destroy());
        socket.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > MAX_LINE_BYTES) socket.destroy();
          const end = text.indexOf("\n");
          if (end < 0 || taken) return;
          taken = true;
          waiting.delete(socket);
          const line = text.slice(0, end);
          Promise.resolve()
            .then(() => answer(JSON.parse(line)))
            .then(
              (value) => socket.end(`${JSON.stringify({ ok: true, value: value ?? null })}\n`),
              (error: unknown) =>
                socket.end(
                  `${JSON.stringify({ ok: false, message: messageOf(error), data: (error as { data?: unknown }).data ?? null })}\n`,
                ),
            );
        });
      });
      server.once("error", reject);
      rmSync(path, { force: true });
      server.listen(path, () => {
        chmodSync(path, 0o600);
        server.off("error", reject);
        resolve({
          close: () =>
            new Promise((closed) => {
              server.close(() => closed());
              for (const socket of waiting) socket.destroy();
            }),
        });
      });
    }),
  call: (path, request, timeoutMs) =>
    new Promise((resolve, reject) => {
      const socket = connect(path);
      let text = "";
      const timer = setTimeout(() => {
        socket.destroy();
        reject(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: "ETIMEDOUT" }));
      }, timeoutMs);
      socket.setEncoding("utf8");
      socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
      socket.on("data", (chunk: string) => {
        text += chunk;
      });
      socket.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.on("end", () => {
        clearTimeout(timer);
        socket.end();
        try {
          const reply = JSON.parse(text) as { ok: boolean; value?: unknown; message?: string; data?: unknown };
          if (reply.ok) resolve(reply.value);
          else reject(new SocketRefusal(reply.message ?? "refused", reply.data));
        } catch {
          reject(Object.assign(new Error("the other side closed without an answer"), { code: "ECONNRESET" }));
        }
      });
    }),
};
