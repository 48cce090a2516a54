import type { Clock, Http, HttpResponse } from "../../../ports/index.ts";
import { durationMs, FlowError, type Ms, messageOf } from "../../../vocab/index.ts";
import { type Answer, readAnswer } from "./answer.ts";
import type { PrometheusAuth, PrometheusConfig } from "./config.ts";

/** A day of a busy mesh is a few megabytes; more would be a selector that names the whole cluster. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Asks one Prometheus server. Every way in which that does not work is a `failure`, never an empty answer. */
export interface PrometheusClient {
  /** Instant query, evaluated at `time` (seconds of the server's clock), or at the server's present. */
  query(promql: string, time: number | undefined, signal: AbortSignal): Promise<Answer>;
  /** Range query; seconds of the server's clock. */
  range(promql: string, span: { start: number; end: number; step: number }, signal: AbortSignal): Promise<Answer>;
}

export interface ClientOptions {
  readonly config: PrometheusConfig;
  /** For one query with all its attempts. */
  readonly timeoutMs: Ms;
  readonly http: Http;
  readonly clock: Clock;
  /** Variables that {@link secretNames} asked for. */
  readonly env: Readonly<Record<string, string>>;
}

/** Names of the environment variables that hold the secrets of a configuration. */
export function secretNames(config: PrometheusConfig): string[] {
  const { auth } = config;
  if (auth === undefined) return [];
  return ["bearerEnv" in auth ? auth.bearerEnv : auth.passwordEnv];
}

/** FlowError `config` when a named variable is not set: an anonymous query would be answered by somebody else's rules. */
export function createPrometheusClient(o: ClientOptions): PrometheusClient {
  const headers = { ...o.config.headers, accept: "application/json", ...authorization(o.config.auth, o.env) };
  const ask = async (path: string, parameters: Record<string, string>, signal: AbortSignal): Promise<Answer> => {
    const url = `${o.config.url.replace(/\/+$/, "")}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const deadline = o.clock.mono() + o.timeoutMs;
    try {
      for (;;) {
        const timeoutMs = Math.max(1, deadline - o.clock.mono());
        const response = await o.http.send({ url, headers, timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal });
        const waitMs = retryAfterMs(response);
        if (waitMs === undefined || o.clock.mono() + waitMs >= deadline)
          return readAnswer(response.status, response.body);
        await o.clock.sleep(waitMs, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      return { failure: `the metrics server cannot be asked: ${messageOf(error).slice(0, 200)}` };
    }
  };
  const seconds = (value: number) => value.toFixed(3);
  return {
    query: (query, time, signal) =>
      ask("query", { query, ...(time === undefined ? {} : { time: seconds(time) }) }, signal),
    range: (query, { start, end, step }, signal) =>
      ask("query_range", { query, start: seconds(start), end: seconds(end), step: String(step) }, signal),
  };
}

const RETRY_WITHOUT_WORD_MS = 250;

/** How long a server that is too busy asks to be left alone; undefined for any other answer. */
function retryAfterMs({ status, headers }: HttpResponse): Ms | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const said = headers["retry-after"];
  if (said === undefined) return RETRY_WITHOUT_WORD_MS;
  return /^\d+$/.test(said) ? Math.max(Number(said) * 1000, RETRY_WITHOUT_WORD_MS) : Number.POSITIVE_INFINITY;
}

function authorization(auth: PrometheusAuth | undefined, env: ClientOptions["env"]): Record<string, string> {
  if (auth === undefined) return {};
  if ("bearerEnv" in auth) return { authorization: `Bearer ${secret(auth.bearerEnv, env)}` };
  const pair = Buffer.from(`${auth.user}:${secret(auth.passwordEnv, env)}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

function secret(name: string, env: ClientOptions["env"]): string {
  const value = env[name]?.trim();
  if (value) return value;
  throw new FlowError({
    code: "config",
    what: "the variable with the secret of the metrics server is not set",
    expected: `a value in ${name}`,
    where: { file: "deploy.yaml", key: "metrics.prometheus.auth" },
    next: `set ${name} in the environment that starts the run`,
  });
}

/** Milliseconds of the configured look-back. */
export function historyMs(config: PrometheusConfig): Ms {
  return durationMs(config.history);
}
