/** Headers that speak of one connection, not of the message (RFC 9110 section 7.6.1, and their historic kin). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names and values in turn, as they came over the wire. */
export type RawHeaders = readonly string[];

function connectionTokens(raw: RawHeaders): Set<string> {
  const tokens = new Set<string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== "connection") continue;
    for (const token of (raw[i + 1] ?? "").split(",")) tokens.add(token.trim().toLowerCase());
  }
  return tokens;
}

function kept(raw: RawHeaders, drop: ReadonlySet<string>): string[] {
  const named = connectionTokens(raw);
  const out: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i];
    const value = raw[i + 1];
    if (name === undefined || value === undefined) continue;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named.has(lower) || drop.has(lower)) continue;
    out.push(name, value);
  }
  return out;
}

// The proxy has already answered an expectation of 100-continue; what clients claim about their way here is not passed on.
const REQUEST_DROP = new Set(["expect", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "host"]);
const RESPONSE_DROP = new Set(["x-deploy-flow-instance", "x-deploy-flow-version", "x-deploy-flow-error"]);

/** Request headers for the instance: end-to-end ones, the client's host, and where the request came from. */
export function requestHeaders(raw: RawHeaders, host: string | undefined, clientAddress: string | undefined): string[] {
  const out = kept(raw, REQUEST_DROP);
  if (host !== undefined) out.push("host", host, "x-forwarded-host", host);
  if (clientAddress !== undefined) out.push("x-forwarded-for", clientAddress);
  out.push("x-forwarded-proto", "http");
  return out;
}

/** Response headers for the client: end-to-end ones, and which instance of which version answered. */
export function responseHeaders(raw: RawHeaders, instanceId: string, version: string): string[] {
  const out = kept(raw, RESPONSE_DROP);
  out.push("x-deploy-flow-instance", instanceId, "x-deploy-flow-version", version);
  return out;
}
