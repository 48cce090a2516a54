import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Agent } from "undici";
import type { Ms } from "../vocab/index.ts";
import { abortAfter } from "./clock.ts";

export type { IncomingMessage, ServerResponse } from "node:http";

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange. */
  readonly timeoutMs: Ms;
  /** A longer body is an error, not a truncated success. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly durationMs: Ms;
}

/** HTTP as a client sees it. Rejects on refusal, reset, timeout and oversize; every status is a response. Redirects are not followed. */
export interface Http {
  send(request: HttpRequest): Promise<HttpResponse>;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpListener {
  readonly port: number;
  /** Stops accepting, lets requests in flight finish for at most `graceMs`, then cuts what is left. */
  close(graceMs: Ms): Promise<void>;
}

/** HTTP as a server. */
export interface HttpServer {
  /** `keepAliveMs`: how long an idle connection is kept; the system's five seconds when not given. */
  listen(o: { host: string; port: number; keepAliveMs?: Ms }, handler: HttpHandler): Promise<HttpListener>;
}

/** A client with its own connection pool; `close` frees it. */
export function createHttp(): Http & { close(): Promise<void> } {
  // Loaded at the first request: it is a quarter of the program, and most commands send none.
  let opened: Promise<Agent> | undefined;
  const open = async () => new (await import("undici")).Agent({ connections: 16, keepAliveTimeout: 4_000 });
  return {
    close: async () => (await opened)?.close(),
    send: async (o) => {
      const started = performance.now();
      const timeout = abortAfter(o.timeoutMs);
      const signal = o.signal ? AbortSignal.any([o.signal, timeout]) : timeout;
      opened ??= open();
      const agent = await opened;
      const { origin, pathname, search } = new URL(o.url);
      const response = await agent.request({
        origin,
        path: pathname + search,
        method: (o.method ?? "GET") as "GET",
        headers: { ...o.headers },
        body: o.body ?? null,
        signal,
      });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of response.body) {
        bytes += (chunk as Buffer).length;
        if (bytes > o.maxBytes) {
          response.body.destroy();
          throw new Error(`the response is longer than ${o.maxBytes} bytes`);
        }
        chunks.push(chunk as Buffer);
      }
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers)) {
        if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
      }
      return {
        status: response.statusCode,
        headers,
        body: Buffer.concat(chunks).toString("utf8"),
        durationMs: performance.now() - started,
      };
    },
  };
}

export const realHttpServer: HttpServer = {
  listen: (o, handler) =>
    new Promise((resolve, reject) => {
      const server = createServer(handler);
      if (o.keepAliveMs !== undefined) server.keepAliveTimeout = o.keepAliveMs;
      const sockets = new Set<Socket>();
      server.on("connection", (socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
      });
      server.once("error", reject);
      server.listen(o.port, o.host, () => {
        server.off("error", reject);
        const address = server.address();
        const port = typeof address === "object" && address ? address.port : o.port;
        resolve({
          port,
          close: (graceMs) =>
            new Promise((closed) => {
              const cut = setTimeout(() => {
                for (const socket of sockets) socket.destroy();
              }, graceMs);
              server.close(() => {
                clearTimeout(cut);
                closed();
              });
              server.closeIdleConnections();
            }),
        });
      });
    }),
};
