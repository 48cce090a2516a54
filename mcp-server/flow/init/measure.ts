import { MetricsConfig } from "../../evidence/config.ts";
import {
  type CumulativeBucket,
  type Exposition,
  observations,
  readCounters,
  readExposition,
} from "../../evidence/metrics/index.ts";
import type { Ports } from "../../ports/index.ts";
import { FlowError, messageOf } from "../../vocab/index.ts";
import { ignoredOf, type MetricNames } from "./findings.ts";
import { type Counted, type Measured, percentile } from "./measured.ts";
import { HEALTH_PATHS, STATUS_LABELS } from "./sources.ts";

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** Between two requests: a service in use must not notice that it is measured. */
const PAUSE_MS = 20;
const FAILED_STATUS = 500;

export interface MeasureWith {
  readonly ports: Pick<Ports, "http" | "clock">;
  readonly url: string;
  readonly seconds: number;
  /** Asked besides the health path. */
  readonly paths: readonly string[];
  readonly healthPath: string | undefined;
  readonly metricsPath: string | undefined;
  readonly signal: AbortSignal;
}

/** Asks a running service with GET, one request after the other, and reads its metrics page. Changes nothing of it. */
export async function measureService(o: MeasureWith): Promise<Measured> {
  const origin = originOf(o.url);
  const get = (path: string) =>
    o.ports.http.send({ url: `${origin}${path}`, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal: o.signal });
  const problems: string[] = [];
  const health = await findHealth(get, o.healthPath, origin);
  if (health === undefined) problems.push(`no usual health path answered with 200 at ${origin}`);
  const paths = [...new Set([...(health ? [health.path] : []), ...(o.paths.length > 0 ? o.paths : ["/"])])];
  const answering = await thoseThatAnswer(get, paths, problems);
  const asked = await ask(get, answering, o);
  const page = await metricsPage(get, o.metricsPath ?? "/metrics");
  if ("problem" in page) problems.push(page.problem);
  const names = "page" in page ? namesOn(page.page, o.metricsPath ?? "/metrics", health?.path) : undefined;
  if ("page" in page && names === undefined)
    problems.push("the metrics page has no counter of requests with a label that tells failures");
  return {
    url: origin,
    seconds: o.seconds,
    paths: answering,
    asked,
    ...(health === undefined ? {} : { healthPath: health.path }),
    saysVersion: health?.saysVersion ?? false,
    ...(names === undefined ? {} : { metrics: names }),
    ...("page" in page && names ? { counted: countedOn(page.page, names) } : {}),
    problems,
  };
}

type Get = (path: string) => ReturnType<Ports["http"]["send"]>;

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol)) return parsed.origin;
  throw new FlowError({
    code: "usage",
    what: "the address of the service cannot be used",
    expected: "an address such as http://127.0.0.1:3000",
    found: JSON.stringify(url).slice(0, 120),
    next: "pass --url with where the service answers now",
  });
}

async function findHealth(
  get: Get,
  named: string | undefined,
  origin: string,
): Promise<{ path: string; saysVersion: boolean } | undefined> {
  let refusals = 0;
  const candidates = [...new Set([...(named === undefined ? [] : [named]), ...HEALTH_PATHS])];
  for (const path of candidates) {
    try {
      const { status, body } = await get(path);
      if (status === 200) return { path, saysVersion: hasVersion(body) };
    } catch (error) {
      refusals += 1;
      // A service that is not there will not be there at the next path either.
      if (refusals < 2) continue;
      throw new FlowError({
        code: "usage",
        what: "the service does not answer",
        expected: `a running service at ${origin}`,
        found: messageOf(error),
        next: "start it, or leave --url away: the usual targets are written then",
        cause: error,
      });
    }
  }
  return undefined;
}

/** Only what answers with 200 now can tell whether it does later. */
async function thoseThatAnswer(get: Get, paths: readonly string[], problems: string[]): Promise<string[]> {
  const answering: string[] = [];
  for (const path of paths) {
    const status = await get(path).then(
      (response) => String(response.status),
      (error: unknown) => messageOf(error).slice(0, 200),
    );
    if (status === "200") answering.push(path);
    else
      problems.push(`${path} is not measured: ${/^\d+$/.test(status) ? `it answered with status ${status}` : status}`);
  }
  return answering;
}

function hasVersion(body: string): boolean {
  try {
    return typeof (JSON.parse(body) as { version?: unknown } | null)?.version === "string";
  } catch {
    return false;
  }
}

async function ask(
  get: Get,
  paths: readonly string[],
  { ports, seconds, signal }: MeasureWith,
): Promise<Measured["asked"]> {
  const until = ports.clock.mono() + seconds * 1000;
  const times: number[] = [];
  if (paths.length === 0) return { requests: 0, failed: 0 };
  let requests = 0;
  let failed = 0;
  while (ports.clock.mono() < until && !signal.aborted) {
    const path = paths[requests % paths.length] ?? "/";
    requests += 1;
    try {
      const { status, durationMs } = await get(path);
      if (status >= FAILED_STATUS) failed += 1;
      times.push(durationMs);
    } catch {
      failed += 1;
    }
    await ports.clock.sleep(PAUSE_MS, signal);
  }
  signal.throwIfAborted();
  const [p50Ms, p99Ms] = [percentile(times, 0.5), percentile(times, 0.99)];
  return { requests, failed, ...(p50Ms === undefined ? {} : { p50Ms }), ...(p99Ms === undefined ? {} : { p99Ms }) };
}

async function metricsPage(get: Get, path: string): Promise<{ page: Exposition } | { problem: string }> {
  try {
    const { status, body, headers } = await get(path);
    if (status !== 200) return { problem: `${path} answered with status ${status}` };
    const openMetrics = /^application\/openmetrics-text\b/i.test(headers["content-type"] ?? "");
    return { page: readExposition(body, { openMetrics, place: path }) };
  } catch (error) {
    return { problem: `${path} is no metrics page: ${messageOf(error).slice(0, 200)}` };
  }
}

/** The counter of requests and the histogram of times that a page has. */
export function namesOn(page: Exposition, path: string, healthPath?: string): MetricNames | undefined {
  const counter = page.samples.find(
    ({ name, labels }) =>
      /requests?(?:_received)?_total$/.test(name) && STATUS_LABELS.some((label) => labels.has(label)),
  );
  const label = STATUS_LABELS.find((one) => counter?.labels.has(one));
  if (!counter || label === undefined) return undefined;
  const bucket = page.samples.find(({ name }) => /request.*duration_(?:seconds|milliseconds|ms)_bucket$/.test(name));
  const latency = bucket && {
    name: bucket.name.replace(/_bucket$/, ""),
    unit: /_seconds_bucket$/.test(bucket.name) ? ("s" as const) : ("ms" as const),
  };
  const health = healthPath === undefined ? undefined : healthOn(page, counter.name, healthPath);
  return {
    path,
    requests: { name: counter.name, label },
    ...(latency ? { latency } : {}),
    ...(health ? { health } : {}),
  };
}

/** How the counter of requests tells the health checks, which it was asked for just now; undefined where it leaves them out. */
function healthOn({ samples }: Exposition, counter: string, healthPath: string): MetricNames["health"] {
  const labels = samples.filter(({ name }) => name === counter).flatMap((sample) => [...sample.labels]);
  const own = labels.find(([, value]) => value === healthPath);
  if (own) return { label: own[0], value: own[1] };
  return labels.some(([, value]) => value.startsWith("/")) ? undefined : "unknown";
}

function countedOn(page: Exposition, names: MetricNames): Counted {
  const { counters } = readCounters(page, metricsConfigOf(names));
  const p99 = counters.latency ? bucketOf(counters.latency, 0.99) : undefined;
  return {
    requests: counters.requests?.total ?? 0,
    failed: counters.requests?.failed ?? 0,
    ...(p99 === undefined ? {} : { p99BelowMs: p99 }),
  };
}

function metricsConfigOf({ path, requests, latency, health }: MetricNames): MetricsConfig {
  return MetricsConfig.parse({
    path,
    requests: { name: requests.name, failed: { label: requests.label, matches: "5.." } },
    ...(latency ? { latency } : {}),
    ...(ignoredOf(health) ? { ignore: ignoredOf(health) } : {}),
  });
}

/** Upper bound of the bucket that holds a share of all; undefined in the open one, and of nothing. */
function bucketOf(buckets: readonly CumulativeBucket[], share: number): number | undefined {
  const all = observations(buckets);
  return all === 0 ? undefined : (buckets.find(({ count }) => count >= share * all)?.le ?? undefined);
}
