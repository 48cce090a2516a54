import { FlowError, quoteValue, type Version } from "../../../vocab/index.ts";
import type { MetricsConfig } from "../../config.ts";
import { fillPlaceholders } from "../../placeholders.ts";
import { PRESET_NAMES, type Preset, presetNamed } from "../presets/index.ts";
import type { PrometheusConfig } from "./config.ts";

/** What is asked of a server: names of metrics and labels, from a preset where one is named. */
export interface PrometheusNames {
  readonly requests: MetricsConfig["requests"];
  /** Null where the source publishes no latency histogram. */
  readonly latency: MetricsConfig["latency"] | null;
  readonly match: string | undefined;
  readonly old: string | undefined;
  readonly new: string | undefined;
  /** Labels that tell instances apart; the first that a series has. */
  readonly instance: readonly string[];
}

const INSTANCE_LABELS = ["pod", "kubernetes_pod_name", "instance"];

/** FlowError `config` for a preset that does not exist or whose placeholders have no value. */
export function namesOf(config: MetricsConfig, prometheus: PrometheusConfig): PrometheusNames {
  const preset = prometheus.preset === undefined ? undefined : knownPreset(prometheus.preset);
  return {
    requests: preset?.requests ?? config.requests,
    latency: preset ? preset.latency : config.latency,
    match: prometheus.match ?? preset?.match,
    old: prometheus.old ?? preset?.old,
    new: prometheus.new ?? preset?.new,
    instance: prometheus.instance !== undefined ? [prometheus.instance] : (preset?.instance ?? INSTANCE_LABELS),
  };
}

function knownPreset(name: string): Preset {
  const preset = presetNamed(name);
  if (preset) return preset;
  throw new FlowError({
    code: "config",
    what: "there is no such preset",
    expected: PRESET_NAMES.join(", "),
    found: quoteValue(name, 60),
    where: { file: "deploy.yaml", key: "metrics.prometheus.preset" },
    next: "name one of these, or leave it out and write metrics.requests, metrics.latency and metrics.prometheus.match",
  });
}

/** Whose series are asked for. */
export interface Subject {
  readonly version: Version;
  /** It is the version that is being released. */
  readonly isNew: boolean;
}

/** Text as it stands between double quotes of PromQL. */
function inQuotes(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Text that a regular expression of PromQL matches literally. */
function inRegex(text: string): string {
  return inQuotes(text.replace(/[.+*?()|[\]{}^$\\]/g, "\\$&"));
}

/** The selector of one version's series of one metric. */
export function selectorOf(
  metric: string,
  { version, isNew }: Subject,
  names: PrometheusNames,
  values: Readonly<Record<string, string>>,
): string {
  const known = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, inQuotes(value)]));
  const fill = (template: string | undefined) =>
    template === undefined
      ? []
      : [
          fillPlaceholders(
            template,
            { ...known, version: inQuotes(version), versionRegex: inRegex(version) },
            "metrics.prometheus.match",
          ),
        ];
  const matchers = [`__name__="${inQuotes(metric)}"`, ...fill(names.match), ...fill(isNew ? names.new : names.old)];
  return `{${matchers.join(",")}}`;
}

/** Both versions would be read from the same series: every comparison would be one of a thing with itself. */
export function tellsVersionsApart(names: PrometheusNames): boolean {
  const asked = `${names.match ?? ""}${names.new ?? ""}${names.old ?? ""}`;
  return /\{version(?:Regex)?\}/.test(asked) || (names.old ?? "") !== (names.new ?? "");
}
