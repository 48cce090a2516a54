import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../ports/index.ts";

/** What is known of a request before its body is read. */
export interface Knock {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly contentLength: string | undefined;
}

/** Why a request is turned away, in HTTP's own terms. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Guard {
  /** Port that the door listens on; a Host header has to name it. */
  readonly port: number;
  readonly token: string;
  /** Takes one request off the allowance; false when there is none left. */
  readonly allow: () => boolean;
}

/** The one path of the door. */
export const MCP_PATH = "/mcp";

/** Longest request body, bytes. Arguments of tools are far below. */
export const MAX_BODY_BYTES = 1024 * 1024;

const METHODS = new Set(["GET", "POST", "DELETE"]);

/**
 * Decides on a request by its head alone; undefined lets it in. Host and Origin are checked first, so that a web page
 * that was rebound to this address learns nothing; the token comes before the allowance, so that nobody without one
 * can use it up.
 */
export function refusalOf(knock: Knock, guard: Guard): Refusal | undefined {
  if (!isOurs(knock.host, guard.port)) return { status: 403, message: "this Host is not served here" };
  if (knock.origin !== undefined && !isOurOrigin(knock.origin, guard.port))
    return { status: 403, message: "this Origin is not served here" };
  if (knock.path !== MCP_PATH) return { status: 404, message: `there is nothing here; the endpoint is ${MCP_PATH}` };
  if (!hasToken(knock.authorization, guard.token)) {
    const headers = { "www-authenticate": 'Bearer realm="deploy-flow"' };
    return { status: 401, message: "a bearer token is needed; the server said at its start where it is", headers };
  }
  if (!METHODS.has(knock.method))
    return { status: 405, message: "GET, POST and DELETE are served", headers: { allow: [...METHODS].join(", ") } };
  if (knock.method === "POST" && !isFit(knock.contentLength))
    return { status: 413, message: `a request has at most ${MAX_BODY_BYTES} bytes` };
  if (!guard.allow()) return { status: 429, message: "too many requests", headers: { "retry-after": "1" } };
  return undefined;
}

/** Loopback names with our port; a browser that was sent here under another name is turned away. */
function isOurs(host: string | undefined, port: number): boolean {
  return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host?.toLowerCase() ?? "");
}

function isOurOrigin(origin: string, port: number): boolean {
  return origin.startsWith("http://") && isOurs(origin.slice("http://".length), port);
}

/** Digests are compared, which have one length and are compared in one time. */
function hasToken(authorization: string | undefined, token: string): boolean {
  const [, given] = /^Bearer (\S{1,512})$/i.exec(authorization ?? "") ?? [];
  if (given === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** A length that is not stated is limited while it is read. */
function isFit(contentLength: string | undefined): boolean {
  return contentLength === undefined || (/^\d+$/.test(contentLength) && Number(contentLength) <= MAX_BODY_BYTES);
}

/** An allowance that refills steadily: `burst` requests at once, `perSecond` in the long run. */
export function allowance(clock: Pick<Clock, "mono">, o: { burst: number; perSecond: number }): () => boolean {
  let left = o.burst;
  let last = clock.mono();
  return () => {
    const now = clock.mono();
    left = Math.min(o.burst, left + ((now - last) / 1000) * o.perSecond);
    last = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
