import { createHash } from "node:crypto";
import type { Digest, Sha256 } from "./ids.ts";

/** Plain JSON: what may stand in a journal event, a plan or sequential state. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * The one spelling of a JSON value that hashes are taken over: keys sorted by code unit, no white space, absent
 * members dropped (after RFC 8785). Numbers are written as JavaScript writes them; NaN and infinities are refused
 * because JSON would turn them into null.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError(`canonical JSON cannot hold ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value as Record<string, unknown>)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
}

/** SHA-256 of bytes or of the UTF-8 of a text. */
export function sha256(data: Uint8Array | string): Sha256 {
  return createHash("sha256").update(data).digest("hex") as Sha256;
}

/** SHA-256 of the canonical JSON of a value. */
export function sha256Json(value: unknown): Sha256 {
  return sha256(canonicalJson(value));
}

/** The registry spelling of a SHA-256. */
export function digestOf(hash: Sha256): Digest {
  return `sha256:${hash}` as Digest;
}
