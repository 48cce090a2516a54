import type { HttpListener, IncomingMessage, Ports, ServerResponse } from "../../ports/index.ts";
import { allowance, type Guard, MAX_BODY_BYTES, MCP_PATH, refusalOf } from "./http-guard.ts";
import { httpSession, type Session } from "./sdk.ts";
import { mcpServer } from "./server.ts";

export interface HttpDoor {
  /** Where clients send their requests. */
  readonly url: string;
  close(): Promise<void>;
}

/** Only this machine: there is no transport security here, and the token would travel in the clear. */
const HOST = "127.0.0.1";

const MAX_SESSIONS = 32;
const ALLOWANCE = { burst: 100, perSecond: 20 };
const CLOSE_GRACE_MS = 2_000;

/** Listens on the loopback address for MCP over streamable HTTP, for callers that hold the token. */
export async function openHttpDoor(o: { root: string; ports: Ports; port: number; token: string }): Promise<HttpDoor> {
  const sessions = new Map<string, Session>();
  let guard: Guard = { port: o.port, token: o.token, allow: allowance(o.ports.clock, ALLOWANCE) };
  const listener: HttpListener = await o.ports.httpServer.listen({ host: HOST, port: o.port }, (request, response) => {
    serveOne(request, response).catch((error: unknown) => {
      process.stderr.write(`deploy-flow: a request failed: ${error instanceof Error ? error.stack : String(error)}\n`);
      if (!response.headersSent) refuse(response, 500, "something unforeseen went wrong; read the log of this server");
      else response.destroy();
    });
  });
  guard = { ...guard, port: listener.port };

  async function serveOne(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    const refusal = refusalOf(
      {
        method: request.method ?? "",
        path: (request.url ?? "").split("?")[0] ?? "",
        host: headers.host,
        origin: headers.origin,
        authorization: headers.authorization,
        contentLength: headers["content-length"],
      },
      guard,
    );
    if (refusal) return refuse(response, refusal.status, refusal.message, refusal.headers);
    const id = headers["mcp-session-id"];
    if (id === undefined) return begin(request, response);
    const session = sessions.get(String(id));
    if (!session) return refuse(response, 404, "this session has ended; initialize a new one");
    touch(String(id), session);
    return session.handle(request, response);
  }

  async function begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = await httpSession(mcpServer({ root: o.root, ports: o.ports, asksHost: false }), {
      newId: () => o.ports.ids.hex(16),
      maxBodyBytes: MAX_BODY_BYTES,
      onOpened: (id) => {
        touch(id, session);
        void endOldest();
      },
      onEnded: (id) => sessions.delete(id),
    });
    await session.handle(request, response);
    // Whatever was no initialization has begun no session.
    if (![...sessions.values()].includes(session)) await session.close();
  }

  /** Kept in the order of use, so that the first is the one unused longest. */
  function touch(id: string, session: Session): void {
    sessions.delete(id);
    sessions.set(id, session);
  }

  async function endOldest(): Promise<void> {
    const [oldest] = sessions;
    if (sessions.size <= MAX_SESSIONS || !oldest) return;
    sessions.delete(oldest[0]);
    await oldest[1].close();
  }

  return {
    url: `http://${HOST}:${listener.port}${MCP_PATH}`,
    close: async () => {
      await Promise.all([...sessions.values()].map((session) => session.close()));
      await listener.close(CLOSE_GRACE_MS);
    },
  };
}

/** Refusals are JSON-RPC errors without an id, which clients show. */
function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close", ...headers });
  response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }));
}
