import { z } from "zod";
import { Duration, durationMs, FlowError, Priority } from "../vocab/index.ts";
import { envNames, HttpStep, PassEnv, UrlPath } from "./http-step.ts";
import { PrometheusConfig } from "./metrics/prometheus/config.ts";
import { placeholdersIn } from "./placeholders.ts";

const Regex = z.string().min(1).max(500).describe("regular expression, matched against the whole value");
const Argv = z.array(z.string()).min(1).describe("command as an argument array; no shell reads it");
/** Name of a smoke check or journey. */
export const CheckId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "expected lower-case letters, digits and dashes");
const LabelMatch = z.strictObject({
  label: z.string().min(1).describe("name of the label"),
  matches: Regex,
});

/** Section `metrics` of deploy.yaml: where requests, failures and latencies are read from. */
export const MetricsConfig = z.strictObject({
  source: z
    .enum(["scrape", "prometheus", "probes"])
    .default("scrape")
    .describe(
      "every instance's own Prometheus or OpenMetrics page; a Prometheus server; or journeys sent to the instances as probe traffic",
    ),
  prometheus: PrometheusConfig.optional().describe("the server that `source: prometheus` asks"),
  path: UrlPath.default("/metrics"),
  poll: Duration.default("10s").describe("interval between two reads"),
  timeout: Duration.default("2s").describe("for one read of one instance, or one query"),
  requests: z
    .strictObject({
      name: z.string().min(1).default("http_requests_total").describe("counter of finished requests"),
      failed: LabelMatch.default({ label: "status", matches: "5.." }).describe("which of them count as failed"),
    })
    .prefault({}),
  latency: z
    .strictObject({
      name: z.string().min(1).default("http_request_duration_seconds").describe("histogram, without _bucket"),
      unit: z.enum(["s", "ms", "us", "ns"]).default("s").describe("unit of its bucket bounds"),
    })
    .prefault({}),
  ignore: LabelMatch.optional().describe("series that are no user traffic, e.g. health checks"),
});
export type MetricsConfig = z.infer<typeof MetricsConfig>;

/** One HTTP smoke check. */
export const SmokeCheck = HttpStep.extend({
  id: CheckId,
  group: z.enum(["health", "authentication", "business", "database", "integrations", "monitoring"]),
  priority: Priority.default("P1"),
});
export type SmokeCheck = z.infer<typeof SmokeCheck>;

/** Section `smoke` of deploy.yaml. */
export const SmokeConfig = z.strictObject({
  timeout: Duration.default("5s").describe("for one request"),
  confirmAfter: Duration.default("1s").describe("pause before the one rerun of a failing check; at most 30s"),
  passEnv: PassEnv,
  checks: z.array(SmokeCheck).min(1),
});
export type SmokeConfig = z.infer<typeof SmokeConfig>;

const CommandParts = {
  command: Argv,
  cwd: z.string().optional().describe("folder inside the project; default the project"),
  timeout: Duration.default("5m"),
  env: z.record(z.string(), z.string()).default({}).describe("variables set for the command"),
  passEnv: z.array(z.string()).default([]).describe("variables of the caller that the command may see"),
};
const ReportFiles = z.strictObject({
  reports: z.array(z.string().min(1)).min(1).describe("report files, folders or globs inside the project"),
});

/** A suite that is run against production itself. Its owner has to say that it may be: nothing else makes it safe. */
export const ProductionSuite = z.strictObject({
  id: CheckId,
  ...CommandParts,
  env: CommandParts.env.describe("variables set for the command; {url} and {version} are replaced in them too"),
  safeInProduction: z
    .literal(true)
    .describe("it does no harm to real users and data; without this mark the suite is refused"),
  priority: Priority.default("P1").describe("of its tests that carry none; only P0 and P1 are compared"),
});
export type ProductionSuite = z.infer<typeof ProductionSuite>;

/** Section `tests` of deploy.yaml: where the results before and after the change come from. */
export const TestsConfig = z.strictObject({
  baseline: ReportFiles.optional().describe(
    "used while no label `production` exists; {previousVersion} stands for the version that runs now",
  ),
  candidate: z
    .union([z.strictObject(CommandParts), ReportFiles])
    .describe("a command that writes its report to {report}, or report files of {version}"),
  production: z
    .array(ProductionSuite)
    .min(1)
    .optional()
    .describe(
      "suites that are run against {url}, the entry of production: before its first change and once the new version has all traffic",
    ),
});
export type TestsConfig = z.infer<typeof TestsConfig>;

/** Section `staging` of deploy.yaml. */
export const StagingConfig = z.strictObject({
  load: z
    .strictObject(CommandParts)
    .optional()
    .describe("runs during the staging watch and is ended with it; {url} stands for the entry of staging"),
  observe: Duration.default("5m").describe("how long staging is watched"),
  rehearse: z
    .boolean()
    .default(true)
    .describe("deploy, go back and deploy again in staging before the watch, where there is a version to go back to"),
});
export type StagingConfig = z.infer<typeof StagingConfig>;

/** What a schema cannot say: the key and what is wrong with its value. */
export interface ConfigProblem {
  readonly key: string;
  readonly what: string;
}

/** The whole-value regular expression of a configured pattern; `undefined` when the pattern is none. */
export function wholeMatch(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    return undefined;
  }
}

function regexProblems(key: string, match: { matches: string } | undefined): ConfigProblem[] {
  if (match === undefined || wholeMatch(match.matches)) return [];
  return [{ key: `${key}.matches`, what: "not a regular expression" }];
}

/** Problems of a metrics section beyond its schema; empty when it can be used. */
export function metricsProblems(config: MetricsConfig): ConfigProblem[] {
  const problems = [
    ...regexProblems("metrics.requests.failed", config.requests.failed),
    ...regexProblems("metrics.ignore", config.ignore),
  ];
  if (durationMs(config.poll) < 100) problems.push({ key: "metrics.poll", what: "shorter than 100ms" });
  if (durationMs(config.timeout) < 1) problems.push({ key: "metrics.timeout", what: "no time at all" });
  return problems;
}

/** Problems of a smoke section beyond its schema; empty when it can be used. */
export function smokeProblems(config: SmokeConfig): ConfigProblem[] {
  const seen = new Set<string>();
  const remembered = new Set<string>();
  const problems: ConfigProblem[] = [];
  if (durationMs(config.timeout) < 1) problems.push({ key: "smoke.timeout", what: "no time at all" });
  if (durationMs(config.confirmAfter) > 30_000) problems.push({ key: "smoke.confirmAfter", what: "longer than 30s" });
  config.checks.forEach((check, index) => {
    const key = `smoke.checks[${index}]`;
    if (seen.has(check.id)) problems.push({ key: `${key}.id`, what: "used by an earlier check too" });
    seen.add(check.id);
    problems.push(...envProblems(key, check, config.passEnv));
    for (const name of Object.keys(check.remember)) {
      if (name === "version") problems.push({ key: `${key}.remember`, what: "{version} is taken: it is the release" });
      if (remembered.has(name)) problems.push({ key: `${key}.remember`, what: "remembered by an earlier check too" });
      remembered.add(name);
    }
  });
  return problems;
}

/** A variable that a request names and the list does not allow: it would be sent as written. */
export function envProblems(
  key: string,
  step: Pick<HttpStep, "path" | "headers" | "body">,
  allowed: readonly string[],
): ConfigProblem[] {
  return envNames(step)
    .filter((name) => !allowed.includes(name))
    .map((name) => ({ key, what: `{env:${name}} is used but ${name} is not in passEnv` }));
}

const NO_REPORT = "nothing says where the report goes: write {report} in an argument";

/** Problems of a tests section beyond its schema; empty when it can be used. */
export function testsProblems(config: TestsConfig): ConfigProblem[] {
  const { candidate, production = [] } = config;
  const silent = "command" in candidate && !candidate.command.some((argument) => argument.includes("{report}"));
  return [
    ...(silent ? [{ key: "tests.candidate.command", what: NO_REPORT }] : []),
    ...production.flatMap((suite, index) => suiteProblems(suite, `tests.production[${index}]`)),
    ...twice(production.map(({ id }) => id)).map((index) => ({
      key: `tests.production[${index}].id`,
      what: "used by an earlier suite too",
    })),
  ];
}

/** What may stand in braces in a production suite; a name without a value would stop it in the middle of a run. */
const SUITE_PLACEHOLDERS: readonly string[] = ["report", "url", "version"];

function suiteProblems({ command, env, timeout }: ProductionSuite, key: string): ConfigProblem[] {
  const unknown = (text: string, allowed: readonly string[]) =>
    placeholdersIn(text).filter((name) => !allowed.includes(name));
  const what = (name: string, allowed: readonly string[]) =>
    `{${name}} has no value here: ${allowed.map((known) => `{${known}}`).join(", ")} have`;
  const inEnv = SUITE_PLACEHOLDERS.filter((name) => name !== "report");
  return [
    ...(command.some((argument) => argument.includes("{report}")) ? [] : [{ key: `${key}.command`, what: NO_REPORT }]),
    ...command
      .flatMap((argument) => unknown(argument, SUITE_PLACEHOLDERS))
      .map((name) => ({ key: `${key}.command`, what: what(name, SUITE_PLACEHOLDERS) })),
    ...Object.entries(env).flatMap(([variable, value]) =>
      unknown(value, inEnv).map((name) => ({ key: `${key}.env.${variable}`, what: what(name, inEnv) })),
    ),
    ...(durationMs(timeout) < 1 ? [{ key: `${key}.timeout`, what: "no time at all" }] : []),
  ];
}

/** Places of the names that stand earlier in the list already. */
function twice(names: readonly string[]): number[] {
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [index] : []));
}

/** Throws the first problem as a FlowError of code `config`. */
export function refuseProblems(problems: readonly ConfigProblem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new FlowError({
    code: "config",
    what: first.what,
    where: { file: "deploy.yaml", key: first.key },
    next: "correct this key and start again",
  });
}
