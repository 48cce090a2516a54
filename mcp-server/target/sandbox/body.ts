import type { IncomingMessage } from "../../ports/index.ts";

/** Bodies up to this size are read before the request goes on, so that it can be sent again. */
export const REPLAY_LIMIT_BYTES = 64 * 1024;

/** What a request carries, and whether it can be sent a second time. */
export interface RequestBody {
  /** What undici sends. A stream is read only once a connection to an instance stands. */
  readonly content: () => null | Buffer | AsyncIterable<Buffer>;
  readonly replayable: () => boolean;
}

/** Reads a small body whole, leaves a large one to be streamed. `undefined` when the client went away meanwhile. */
export async function requestBody(request: IncomingMessage): Promise<RequestBody | undefined> {
  const length = request.headers["content-length"];
  if (request.headers["transfer-encoding"] === undefined && (length === undefined || length === "0")) {
    return { content: () => null, replayable: () => true };
  }
  if (length !== undefined && Number(length) <= REPLAY_LIMIT_BYTES) {
    const whole = await readWhole(request);
    return whole && { content: () => whole, replayable: () => true };
  }
  let begun = false;
  async function* stream(): AsyncIterable<Buffer> {
    begun = true;
    // The request object outlives this reader: an early answer must not cut the client's connection.
    yield* request.iterator({ destroyOnReturn: false });
  }
  return { content: stream, replayable: () => !begun };
}

function readWhole(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
}
