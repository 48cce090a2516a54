import { z } from "zod";
import { messageOf, sha256 } from "../../vocab/index.ts";
import { readExposition } from "../metrics/exposition.ts";
import { within } from "./condition.ts";
import type { MetricCheck } from "./config.ts";
import { type CheckWorld, type Finding, restingOn, unknown } from "./finding.ts";

const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 5_000;

/** A sample on the metrics page of every serving instance, against a limit. One page that is missing is no number. */
export async function checkMetric(
  check: z.infer<typeof MetricCheck>,
  world: CheckWorld,
  signal: AbortSignal,
): Promise<Finding> {
  if (world.metricsPath === undefined) return unknown("deploy.yaml has no metrics section to say where the page is");
  let serving: readonly Asked[];
  try {
    const live = await world.production(signal);
    const versions = new Set(live.pools.filter(({ weightPct }) => weightPct > 0).map(({ version }) => version));
    serving = live.instances.filter(({ version, state }) => versions.has(version) && state === "ready");
  } catch (error) {
    signal.throwIfAborted();
    return unknown(`production could not be read: ${world.redact(messageOf(error), 200)}`);
  }
  if (serving.length === 0) return unknown("no instance serves production");
  const pages = await Promise.all(serving.map((instance) => valuesOf(instance, check, world, signal)));
  signal.throwIfAborted();
  const problem = pages.find((page): page is { problem: string } => "problem" in page);
  if (problem) return unknown(problem.problem);
  const values = pages.flatMap((page) => ("values" in page ? page.values : []));
  const facts: MetricFacts = { sample: check.sample, values };
  const rawSha256 = sha256(JSON.stringify(facts));
  return restingOn(judgeMetric(check, facts), check.id, { rawSha256, stored: facts, origin: "fetched" });
}

/** The values of a sample on the pages of all serving instances, as they are stored and judged. */
export const MetricFacts = z.object({ sample: z.string(), values: z.array(z.number()).min(1) });
type MetricFacts = z.infer<typeof MetricFacts>;

/** One value of all samples against the limit. */
export function judgeMetric(check: z.infer<typeof MetricCheck>, { sample, values }: MetricFacts): Finding {
  if (sample !== check.sample) return unknown(`these are values of ${sample}`);
  return within(sample, COMBINE[check.combine](values), check);
}

const COMBINE: Record<z.infer<typeof MetricCheck>["combine"], (values: readonly number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};

interface Asked {
  readonly id: string;
  readonly url?: string | undefined;
}

async function valuesOf(
  instance: Asked,
  check: z.infer<typeof MetricCheck>,
  world: CheckWorld,
  signal: AbortSignal,
): Promise<{ values: number[] } | { problem: string }> {
  if (instance.url === undefined) return { problem: `${instance.id}: the target gives no address of this instance` };
  try {
    const response = await world.http.send({
      url: `${instance.url.replace(/\/$/, "")}${world.metricsPath}`,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_PAGE_BYTES,
      signal,
    });
    if (response.status !== 200) return { problem: `${instance.id}: its metrics page answered ${response.status}` };
    const openMetrics = /^application\/openmetrics-text\b/i.test(response.headers["content-type"] ?? "");
    const values = readExposition(response.body, { openMetrics, place: instance.id })
      .samples.filter(({ name, labels }) => name === check.sample && carries(labels, check.labels))
      .map(({ value }) => value);
    if (values.length === 0) return { problem: `${instance.id}: there is no sample ${check.sample}` };
    if (values.some((value) => !Number.isFinite(value)))
      return { problem: `${instance.id}: ${check.sample} is no number` };
    return { values };
  } catch (error) {
    return { problem: `${instance.id}: its metrics cannot be read: ${world.redact(messageOf(error), 200)}` };
  }
}

function carries(labels: ReadonlyMap<string, string>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels.get(name) === value);
}
