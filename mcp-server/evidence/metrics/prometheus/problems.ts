import { durationMs } from "../../../vocab/index.ts";
import type { ConfigProblem, MetricsConfig } from "../../config.ts";
import { PRESET_NAMES, presetNamed } from "../presets/index.ts";
import type { PrometheusConfig } from "./config.ts";
import { namesOf, selectorOf, tellsVersionsApart } from "./names.ts";

const LONGEST_HISTORY_MS = 24 * 3_600_000;
const SECRET_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);

/** Problems of `metrics.prometheus` beyond its schema; empty when it can be used, or another source is. */
export function prometheusProblems(config: MetricsConfig): ConfigProblem[] {
  const { prometheus } = config;
  if (config.source !== "prometheus") {
    return prometheus ? [problem("", "read only with metrics.source: prometheus")] : [];
  }
  if (!prometheus) return [problem("", "metrics.source is prometheus, and nothing says which server")];
  return [...serverProblems(prometheus), ...nameProblems(config, prometheus)];
}

function problem(key: string, what: string): ConfigProblem {
  return { key: `metrics.prometheus${key}`, what };
}

function serverProblems({ url, headers, history }: PrometheusConfig): ConfigProblem[] {
  const { username, password, search, hash } = new URL(url);
  const secret = Object.keys(headers).find((name) => SECRET_HEADERS.has(name.toLowerCase()));
  return [
    ...(username || password
      ? [problem(".url", "secrets do not belong into a plan: use metrics.prometheus.auth")]
      : []),
    ...(search || hash ? [problem(".url", "the address of the server, without a query")] : []),
    ...(secret ? [problem(".headers", "secrets do not belong into a plan: use metrics.prometheus.auth")] : []),
    ...(durationMs(history) > LONGEST_HISTORY_MS || durationMs(history) < 60_000
      ? [problem(".history", "from 1m to 24h")]
      : []),
  ];
}

function nameProblems(config: MetricsConfig, prometheus: PrometheusConfig): ConfigProblem[] {
  if (prometheus.preset !== undefined) {
    const preset = presetNamed(prometheus.preset);
    if (!preset) return [problem(".preset", `unknown; there are ${PRESET_NAMES.join(", ")}`)];
    const given = new Set(Object.keys(prometheus.with));
    const used = [preset.match, preset.old, preset.new, prometheus.match, prometheus.old, prometheus.new].join(" ");
    const missing = Object.keys(preset.needs).find((name) => !given.has(name) && used.includes(`{${name}}`));
    if (missing !== undefined && prometheus.match === undefined) {
      return [problem(".with", `preset ${prometheus.preset} needs ${missing}: ${preset.needs[missing] ?? ""}`)];
    }
  }
  const names = namesOf(config, prometheus);
  if (!tellsVersionsApart(names)) {
    return [
      problem(".match", "names no {version}, and old and new do not differ: both versions would be the same series"),
    ];
  }
  try {
    for (const isNew of [false, true]) selectorOf("m", { version: "1.0.0" as never, isNew }, names, prometheus.with);
  } catch {
    return [
      problem(".match", "a placeholder has no value: {version}, {versionRegex} and the names under `with` have one"),
    ];
  }
  return [];
}
