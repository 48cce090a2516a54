import { z } from "zod";
import { CriterionId, isMandatory, ReadinessProfile } from "../../judge/readiness/criteria.ts";
import { Duration, durationMs } from "../../vocab/index.ts";
import type { ConfigProblem } from "../config.ts";

const Argv = z.array(z.string()).min(1).describe("command as an argument array; no shell reads it");
const File = z.string().min(1).describe("file inside the project; {version} and {previousVersion} are replaced");

/** A named acceptance of one finding, by a person, for a time. */
export const Acceptance = z.strictObject({
  id: z.string().min(1).max(200).describe("rule, advisory (GHSA-…) or package that is accepted"),
  owner: z.string().min(1).max(100).describe("the person who accepts it"),
  reason: z.string().min(1).max(300),
  until: z.iso.date().describe("last day on which it counts"),
});
export type Acceptance = z.infer<typeof Acceptance>;

/** What a value has to be. Exactly one comparison. */
export const ValueCondition = z.strictObject({
  path: z.string().min(1).describe("dotted path into the JSON, e.g. data.result.0.value.1"),
  equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
  atMost: z.number().optional(),
  atLeast: z.number().optional(),
});
export type ValueCondition = z.infer<typeof ValueCondition>;

const Common = {
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "expected lower-case letters, digits and dashes"),
  criterion: CriterionId.describe("the criterion that it answers"),
};
const Command = {
  command: Argv,
  cwd: z.string().optional().describe("folder inside the project; default the project"),
  timeout: Duration.default("60s"),
  env: z.record(z.string(), z.string()).default({}).describe("variables set for the command"),
  passEnv: z.array(z.string()).default([]).describe("variables of the caller that the command may see"),
};
const Severity = z.enum(["critical", "high", "medium", "low"]);

export const CommandCheck = z.strictObject({ kind: z.literal("command"), ...Common, ...Command });
export const HttpCheck = z.strictObject({
  kind: z.literal("http"),
  ...Common,
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), z.string()).default({}),
  status: z.number().int().min(100).max(599).default(200),
  bodyContains: z.string().min(1).optional(),
  json: ValueCondition.optional(),
  timeout: Duration.default("5s"),
});
export const FileCheck = z.strictObject({
  kind: z.literal("file"),
  ...Common,
  file: File,
  maxAge: Duration.default("24h"),
  dated: z.string().min(1).optional().describe("dotted path to its time; default the time of the file"),
  json: ValueCondition.optional(),
});
export const TestsCheck = z.strictObject({
  kind: z.literal("tests"),
  ...Common,
  reports: z.array(z.string().min(1)).min(1).describe("report files, folders or globs; {version} is replaced"),
  maxAge: Duration.default("72h"),
  allowSkipped: z.array(z.string().min(1)).default([]).describe("names of tests that may be skipped"),
});
export const SarifCheck = z.strictObject({
  kind: z.literal("sarif"),
  ...Common,
  file: File,
  maxAge: Duration.default("7d"),
  failOn: Severity.default("high").describe("open findings of this severity or above fail"),
  accepted: z.array(Acceptance).default([]).describe("never covers a critical one"),
});
export const NpmAuditCheck = z.strictObject({
  kind: z.literal("npm-audit"),
  ...Common,
  file: File.optional().describe("output of npm audit --json; without it the command is run"),
  maxAge: Duration.default("7d"),
  ...Command,
  command: Argv.default(["npm", "audit", "--json", "--omit=dev"]),
  failOn: Severity.default("high"),
  accepted: z.array(Acceptance).default([]).describe("never covers a critical one"),
});
export const MetricCheck = z.strictObject({
  kind: z.literal("metric"),
  ...Common,
  sample: z.string().min(1).describe("name of a sample on the metrics page of every serving instance"),
  labels: z.record(z.string(), z.string()).default({}).describe("labels that it must carry"),
  combine: z.enum(["sum", "max", "min"]).default("sum").describe("one value of all samples"),
  atMost: z.number().optional(),
  atLeast: z.number().optional(),
});
export const AttestationCheck = z.strictObject({
  kind: z.literal("attestation"),
  ...Common,
  statement: z.string().min(1).max(300).describe("what a person says is so"),
  validFor: Duration.default("24h"),
});
export const FindingCheck = z.strictObject({
  kind: z.literal("finding"),
  ...Common,
  role: z.string().min(1).max(60).describe("the agent that is asked, e.g. reliability-engineer"),
  wait: Duration.default("10m").describe("how long its finding is waited for"),
});

/** One check that answers one criterion. */
export const ReadinessCheck = z.discriminatedUnion("kind", [
  CommandCheck,
  HttpCheck,
  FileCheck,
  TestsCheck,
  SarifCheck,
  NpmAuditCheck,
  MetricCheck,
  AttestationCheck,
  FindingCheck,
]);
export type ReadinessCheck = z.infer<typeof ReadinessCheck>;

/** Section `readiness` of deploy.yaml. */
export const ReadinessConfig = z.strictObject({
  profile: ReadinessProfile.default("basic").describe("strict goes without no criterion, and not without staging"),
  require: z.array(CriterionId).default([]).describe("criteria that are mandatory beside those of the profile"),
  answerWithin: Duration.default("30m").describe("a person has this long to attest, or to acknowledge conditions"),
  validFor: Duration.default("60m").describe("after this everything is asked again before production is changed"),
  checks: z.array(ReadinessCheck).default([]).describe("what answers the criteria; docs/readiness.md lists the kinds"),
});
export type ReadinessConfig = z.infer<typeof ReadinessConfig>;

/** Ids that answer without being configured. */
const BUILT_IN = [
  "plan",
  "lock",
  "freeze",
  "target",
  "artifact",
  "previous",
  "suites",
  "staging",
  "approval",
  "migrations",
  "rehearsal",
  "sign-offs",
  "conditions",
] as const;

/** Problems of a readiness section beyond its schema; empty when it can be used. */
export function readinessProblems(config: ReadinessConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const seen = new Set<string>(BUILT_IN);
  if (durationMs(config.validFor) < 1_000) problems.push({ key: "readiness.validFor", what: "shorter than 1s" });
  config.checks.forEach((check, index) => {
    const key = `readiness.checks[${index}]`;
    if (seen.has(check.id)) problems.push({ key: `${key}.id`, what: "used by another check, or built in" });
    seen.add(check.id);
    problems.push(...checkProblems(check, key, config));
  });
  return problems;
}

function checkProblems(check: ReadinessCheck, key: string, config: ReadinessConfig): ConfigProblem[] {
  if (check.criterion === "PLAN" || check.criterion === "LOCK" || check.criterion === "APR-1")
    return [{ key: `${key}.criterion`, what: "answered by the run itself, by no check" }];
  if (check.kind === "finding") {
    const isAsked = isMandatory(check.criterion, config.profile) || config.require.includes(check.criterion);
    return isAsked ? [{ key: `${key}.kind`, what: "an agent's finding cannot answer a mandatory criterion" }] : [];
  }
  if (check.kind === "metric") return oneOf(check, ["atMost", "atLeast"], key);
  const json = check.kind === "http" || check.kind === "file" ? check.json : undefined;
  return json ? oneOf(json, ["equals", "atMost", "atLeast"], `${key}.json`) : [];
}

function oneOf(value: object, names: readonly string[], key: string): ConfigProblem[] {
  const given = names.filter((name) => (value as Record<string, unknown>)[name] !== undefined);
  return given.length === 1 ? [] : [{ key, what: `needs exactly one of ${names.join(", ")}` }];
}
