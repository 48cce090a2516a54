import type { Pool as Connections, Dispatcher } from "undici";
import type { IncomingMessage, ServerResponse } from "../../ports/index.ts";
import { type RequestBody, requestBody } from "./body.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { pickBackend, type Routable, type Route } from "./routing.ts";
import type { ProxyErrorReason, Tally } from "./tally.ts";

/** An instance as the proxy sees it. */
export interface Backend extends Routable {
  readonly id: string;
  /** Connections to the process that runs now; `undefined` while none runs. */
  readonly connections: Connections | undefined;
  /** Counts a request in; the returned function counts it out. */
  enter(): () => void;
}

export interface ForwardOptions {
  readonly routes: () => readonly Route<Backend>[];
  /** Uniform in [0, 1). */
  readonly draw: () => number;
  readonly tally: Tally;
}

type Exchange =
  | { readonly kind: "answered" }
  /** The client went away. */
  | { readonly kind: "abandoned" }
  /** The request itself cannot be sent on. */
  | { readonly kind: "unsendable" }
  /** `again`: nothing of an answer was given and sending it once more can do no harm. */
  | { readonly kind: "failed"; readonly reason: ProxyErrorReason; readonly again: boolean };

/**
 * Carries one request to an instance and the answer back. A request that did not reach its instance is sent once more,
 * to another one; an idempotent request also when the connection broke before the answer (RFC 9110 section 9.2.2).
 */
export async function forward(o: ForwardOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await requestBody(request);
  if (body === undefined) return;
  const first = pickBackend(o.routes(), o.draw());
  if (first === undefined) return refuse(o, response, "no-instance");
  o.tally.routed(first.version);
  const outcome = await exchange(first, request, response, body);
  if (outcome.kind !== "failed") return conclude(o, response, outcome);
  const second = outcome.again ? pickBackend(o.routes(), o.draw(), first) : undefined;
  if (second === undefined) return refuse(o, response, outcome.reason);
  o.tally.rerouted(first.version, second.version);
  const last = await exchange(second, request, response, body);
  if (last.kind === "failed") return refuse(o, response, last.reason);
  conclude(o, response, last);
}

function conclude(o: ForwardOptions, response: ServerResponse, outcome: Exclude<Exchange, { kind: "failed" }>): void {
  switch (outcome.kind) {
    case "answered":
      o.tally.answered();
      return;
    case "abandoned":
      return;
    case "unsendable":
      response.writeHead(400, { "content-type": "text/plain", "x-deploy-flow-error": "bad-request" });
      response.end("the request cannot be passed on\n");
      return;
    default: {
      const never: never = outcome;
      throw new Error(`unknown outcome ${JSON.stringify(never)}`);
    }
  }
}

function refuse(o: ForwardOptions, response: ServerResponse, reason: ProxyErrorReason): void {
  o.tally.failed(reason);
  if (response.headersSent) {
    // Only a cut connection tells the client that what it has is not the whole answer.
    response.destroy();
    return;
  }
  response.writeHead(502, { "content-type": "text/plain", "x-deploy-flow-error": reason });
  response.end(`no answer from an instance: ${reason}\n`);
}

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

function exchange(
  backend: Backend,
  request: IncomingMessage,
  response: ServerResponse,
  body: RequestBody,
): Promise<Exchange> {
  const connections = backend.connections;
  if (connections === undefined) return Promise.resolve({ kind: "failed", reason: "refused", again: true });
  const method = request.method ?? "GET";
  const leave = backend.enter();
  return new Promise<Exchange>((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let gone = response.destroyed;
    const onClose = () => {
      gone = true;
      controller?.abort(new Error("the client went away"));
    };
    const onDrain = () => controller?.resume();
    response.on("close", onClose);
    response.on("drain", onDrain);
    const settle = (outcome: Exchange) => {
      response.off("close", onClose);
      response.off("drain", onDrain);
      resolve(outcome);
    };
    connections.dispatch(
      {
        path: request.url ?? "/",
        method: method as Dispatcher.HttpMethod,
        headers: requestHeaders(request.rawHeaders, request.headers.host, request.socket.remoteAddress),
        body: body.content() as Dispatcher.DispatchOptions["body"],
      },
      {
        onRequestStart: (started) => {
          controller = started;
          if (gone) started.abort(new Error("the client went away"));
        },
        onResponseStart: (answering, status, _headers, statusMessage) => {
          if (status < 200) return;
          const raw = rawPairs(answering.rawHeaders);
          response.writeHead(status, statusMessage, responseHeaders(raw, backend.id, backend.version));
        },
        onResponseData: (answering, chunk) => {
          if (!response.write(chunk)) answering.pause();
        },
        onResponseEnd: () => {
          response.end();
          settle({ kind: "answered" });
        },
        onResponseError: (_answering, error) => {
          if (gone || response.destroyed || request.errored) return settle({ kind: "abandoned" });
          settle(failure(error, { method, body, sent: controller !== undefined, answered: response.headersSent }));
        },
      },
    );
  }).finally(leave);
}

function failure(error: Error, at: { method: string; body: RequestBody; sent: boolean; answered: boolean }): Exchange {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") return { kind: "unsendable" };
  if (at.answered) return { kind: "failed", reason: "cut-off", again: false };
  if (!at.sent) return { kind: "failed", reason: "refused", again: at.body.replayable() };
  if (code.includes("TIMEOUT")) return { kind: "failed", reason: "timeout", again: false };
  if (code.startsWith("HPE_") || error.name === "HTTPParserError") {
    return { kind: "failed", reason: "bad-answer", again: false };
  }
  return { kind: "failed", reason: "reset", again: IDEMPOTENT.has(at.method) && at.body.replayable() };
}

/** undici hands over the header bytes as they came; header text is Latin-1. */
function rawPairs(raw: Dispatcher.DispatchController["rawHeaders"]): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part) => (typeof part === "string" ? part : part.toString("latin1")));
}
