import {
  type ArmVersions,
  createPrometheusSource,
  createScrapeSource,
  type MetricSource,
  type MetricsConfig,
  secretNames,
} from "../evidence/index.ts";
import { allowEnv } from "../ports/index.ts";
import type { Version } from "../vocab/index.ts";
import type { Project } from "./project.ts";

/** Opens what counts the requests of users: the instances' own pages, or a Prometheus server. `released`: the version that is new. */
export function openMetricSource(
  { ports: { http, clock } }: Project,
  config: MetricsConfig,
  o: { versions: ArmVersions; released: Version | undefined },
): MetricSource {
  const { versions, released } = o;
  if (config.source !== "prometheus") return createScrapeSource({ config, http, clock, versions });
  const env = allowEnv(config.prometheus ? secretNames(config.prometheus) : []);
  return createPrometheusSource({ config, http, clock, versions, released, env });
}
