import type { Ports } from "../../ports/index.ts";
import { connect, standardStreams } from "./sdk.ts";
import { mcpServer } from "./server.ts";

/** Serves one host over standard input and output until it closes them or the signal aborts. */
export async function serveStdio(o: { root: string; ports: Ports; signal: AbortSignal }): Promise<void> {
  const server = await connect(mcpServer({ ...o, asksHost: true }), standardStreams());
  await new Promise<void>((resolve) => {
    process.stdin.once("end", resolve);
    process.stdin.once("close", resolve);
    o.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
}
