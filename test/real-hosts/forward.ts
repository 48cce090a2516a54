import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A door in front of another: the same requests, with a token that the caller does not know of. */
export interface Forward {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Passes requests on with the bearer token added, for tools that can be given no header. Its own address in Host and
 * Origin becomes the address behind it; every other value is passed on as it came, so that it can be refused there.
 */
export async function forwardTo(target: string, token: string): Promise<Forward> {
  const { hostname, port, host, pathname } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const own = incoming.socket.localPort;
    const mapped = (value: string) => value.replace(`127.0.0.1:${own}`, host).replace(`localhost:${own}`, host);
    const { headers, method, url: path } = incoming;
    const sent = {
      ...headers,
      host: mapped(headers.host ?? ""),
      ...(headers.origin === undefined ? {} : { origin: mapped(headers.origin) }),
      authorization: `Bearer ${token}`,
    };
    const upstream = request({ hostname, port, path, method, headers: sent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.destroy());
    outgoing.on("close", () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
