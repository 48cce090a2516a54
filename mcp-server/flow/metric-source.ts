import {
  type ArmVersions,
  createPrometheusClient,
  createPrometheusSource,
  createScrapeSource,
  type ExtraSeries,
  type MetricSource,
  type MetricsConfig,
  secretNames,
} from "../evidence/index.ts";
import { allowEnv } from "../ports/index.ts";
import { durationMs, type Version } from "../vocab/index.ts";
import type { Project } from "./project.ts";

/** Opens what counts the requests of users: the instances' own pages, or a Prometheus server. `released`: the version that is new. */
export function openMetricSource(
  { ports: { http, clock } }: Project,
  config: MetricsConfig,
  o: { versions: ArmVersions; released: Version | undefined; extra?: readonly ExtraSeries[] },
): MetricSource {
  const { versions, released, extra = [] } = o;
  if (config.source !== "prometheus") return createScrapeSource({ config, http, clock, versions, extra });
  const env = allowEnv(config.prometheus ? secretNames(config.prometheus) : []);
  return createPrometheusSource({ config, http, clock, versions, released, env, extra });
}

/** FlowError `config` when the secret of the metrics server is not in the environment: a run would find out after users are exposed. */
export function refuseMissingSecrets(project: Project, config: MetricsConfig | undefined): void {
  if (config) clientOf(project, config);
}

/** Whether the metrics server answers now: its clock in seconds, or why not; undefined where there is none to ask. */
export async function askMetricsServer(
  project: Project,
  config: MetricsConfig,
  signal: AbortSignal,
): Promise<{ server: number } | { failure: string } | undefined> {
  const answer = await clientOf(project, config)?.query("time()", undefined, signal);
  if (answer === undefined || "failure" in answer) return answer;
  return { server: answer.series[0]?.points.at(-1)?.t ?? Number.NaN };
}

function clientOf({ ports: { http, clock } }: Project, { source, prometheus, timeout }: MetricsConfig) {
  if (source !== "prometheus" || !prometheus) return undefined;
  const env = allowEnv(secretNames(prometheus));
  return createPrometheusClient({ config: prometheus, timeoutMs: durationMs(timeout), http, clock, env });
}
