import type { Http } from "../../ports/index.ts";
import { type Ms, messageOf, type Version } from "../../vocab/index.ts";
import type { HttpStep } from "../http-step.ts";
import { type Reading, readAnswer } from "./answer.ts";

/** A longer answer is no sign of health. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** As a user who just came: a kept connection may lead to the version that had the traffic before. */
export const ON_ITS_OWN_CONNECTION = { connection: "close" };

/** Failures of the machine that asks: they say nothing about the service. */
const OUR_OWN = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "ENOMEM", "EACCES", "EPERM", "ENETUNREACH"]);

/** One try of one check against one address. */
export type Attempt =
  | ({ readonly kind: "answered" } & Reading)
  | { readonly kind: "no-answer"; readonly problem: string }
  | { readonly kind: "not-asked"; readonly problem: string };

/**
 * `{name}` of the given values and `{env:NAME}` of the allowed variables, in one pass, so that a value is never
 * expanded again. Throws where an earlier request should have given the value and did not, or a variable is not set.
 * Other braces stay: bodies are JSON.
 */
function fill(text: string, values: Readonly<Record<string, string>>, { expected, env }: Asking): string {
  return text.replace(/\{(env:)?([a-zA-Z_][a-zA-Z0-9_]*)\}/g, (written, isEnv: string | undefined, name: string) => {
    if (isEnv !== undefined) {
      const value = env[name];
      if (value === undefined || value === "") throw new MissingValue(`the environment variable ${name} is not set`);
      return value;
    }
    if (Object.hasOwn(values, name)) return values[name] ?? written;
    if (expected.has(name)) throw new MissingValue(`no earlier request gave {${name}}`);
    return written;
  });
}

class MissingValue extends Error {}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** What every attempt of a run shares. */
export interface Asking {
  readonly http: Http;
  /** For the whole exchange of one request. */
  readonly timeoutMs: Ms;
  readonly version: Version;
  readonly signal: AbortSignal;
  /** Takes secrets out of a quoted text. */
  readonly redact: (text: string) => string;
  /** Values that checks have remembered so far, at this address. */
  readonly values: Record<string, string>;
  /** All names that any request remembers. */
  readonly expected: ReadonlySet<string>;
  /** Values of the variables that `{env:NAME}` may stand for. */
  readonly env: Readonly<Record<string, string>>;
  /** Sent with every request that does not set them itself. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends the request of a check or step once. A service that does not answer failed; a request that we could not make says nothing. */
export async function attemptStep(check: HttpStep, baseUrl: string, o: Asking): Promise<Attempt> {
  let request: { url: string; headers: Record<string, string>; body?: string };
  try {
    const values = { version: o.version, ...o.values };
    const base = new URL(baseUrl);
    const path = fill(check.path, values, o);
    const url = new URL(`${base.origin}${base.pathname.replace(/\/$/, "")}${path}`);
    if (url.origin !== base.origin) return { kind: "not-asked", problem: "the path leads to another host" };
    const headers = Object.entries(check.headers).map(([name, value]) => [name, fill(value, values, o)]);
    const body = check.body === undefined ? {} : { body: fill(check.body, values, o) };
    request = { url: url.href, headers: { ...o.headers, ...Object.fromEntries(headers) }, ...body };
  } catch (error) {
    if (error instanceof MissingValue) {
      return { kind: "not-asked", problem: error.message };
    }
    return { kind: "not-asked", problem: `no request can be made of this check: ${messageOf(error)}` };
  }
  try {
    const response = await o.http.send({
      ...request,
      method: check.method,
      timeoutMs: o.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal: o.signal,
    });
    return { kind: "answered", ...readAnswer(check, response, o.version, o.redact) };
  } catch (error) {
    o.signal.throwIfAborted();
    const code = codeOf(error);
    if (OUR_OWN.has(code)) return { kind: "not-asked", problem: `this machine could not ask: ${code}` };
    if (error instanceof TypeError || error instanceof RangeError || code === "UND_ERR_INVALID_ARG") {
      return { kind: "not-asked", problem: `no request can be made of this check: ${messageOf(error)}` };
    }
    return { kind: "no-answer", problem: `no answer: ${messageOf(error)}` };
  }
}
