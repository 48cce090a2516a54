import { z } from "zod";
import { epochMs, Instant } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import type { SarifCheck } from "./config.ts";
import {
  ageOf,
  type CheckWorld,
  type Finding,
  type JudgedBy,
  parseJson,
  readWhole,
  restingOn,
  unknown,
} from "./finding.ts";
import { judgeVulnerabilities, type Severity, stored, Vulnerability } from "./severity.ts";

const Level = z.enum(["none", "note", "warning", "error"]);
const Properties = z.record(z.string(), z.unknown()).default({});
const Rule = z.object({
  id: z.string().optional(),
  defaultConfiguration: z.object({ level: Level.optional() }).optional(),
  properties: Properties,
});
const Result = z.object({
  ruleId: z.string().optional(),
  ruleIndex: z.number().int().optional(),
  rule: z.object({ id: z.string().optional(), index: z.number().int().optional() }).optional(),
  kind: z.string().default("fail"),
  level: Level.optional(),
  baselineState: z.enum(["new", "unchanged", "updated", "absent"]).optional(),
  properties: Properties,
});
const Run = z.object({
  tool: z.object({
    driver: z.object({ name: z.string(), rules: z.array(Rule).default([]) }),
    extensions: z.array(z.object({ rules: z.array(Rule).default([]) })).default([]),
  }),
  // Absent or null means that the scan was not carried out (SARIF 2.1.0, 3.14.23).
  results: z.array(Result),
  invocations: z.array(z.object({ executionSuccessful: z.boolean(), endTimeUtc: z.string().optional() })).default([]),
  properties: Properties,
});
/** The parts of SARIF 2.1.0 that decide. */
const Sarif = z.object({ version: z.literal("2.1.0"), runs: z.array(Run).min(1) });
type Run = z.infer<typeof Run>;

/** A scanner's report in SARIF: of this version where it says so, young enough, complete, with nothing grave open. */
export function checkSarif(check: z.infer<typeof SarifCheck>, world: CheckWorld): Finding {
  const values = { version: world.version, previousVersion: world.previousVersion };
  const name = fillPlaceholders(check.file, values, `readiness.checks ${check.id}`);
  const file = readWhole(name, world);
  if ("problem" in file) return unknown(file.problem);
  const json = parseJson(file.text);
  const parsed = json && Sarif.safeParse(json.json);
  if (!parsed?.success) {
    const where = parsed?.error.issues[0]?.path.join(".");
    return unknown(`${name} is no complete SARIF 2.1.0${where ? ` (at ${world.redact(where, 80)})` : ""}`);
  }
  const { runs } = parsed.data;
  const at = scannedAt(runs, file.mtime);
  const facts: SarifFacts = {
    file: name,
    asked: world.clock.wall(),
    ...(at === undefined ? {} : { at }),
    tools: runs.map(({ tool }) => world.redact(tool.driver.name, 40)),
    failed: runs.some(({ invocations }) => invocations.some(({ executionSuccessful }) => !executionSuccessful)),
    digests: runs.flatMap(({ properties }) => statedDigests(properties)),
    open: stored(runs.flatMap(vulnerabilitiesOf), world),
  };
  const evidence = { rawSha256: file.rawSha256, stored: facts, origin: "fetched" } as const;
  return restingOn(judgeSarif(check, facts, world), check.id, evidence);
}

/** A scanner's report as it is stored and judged. `at`: the oldest end of a scan; absent when it cannot be read. */
export const SarifFacts = z.object({
  file: z.string(),
  asked: Instant,
  at: Instant.optional(),
  tools: z.array(z.string()).min(1),
  /** The scan did not end well by its own account. */
  failed: z.boolean(),
  /** Of the artifacts that it says it scanned. */
  digests: z.array(z.string()),
  open: z.array(Vulnerability),
});
type SarifFacts = z.infer<typeof SarifFacts>;

export function judgeSarif(
  check: z.infer<typeof SarifCheck>,
  { file, asked, at, tools, failed, digests, open }: SarifFacts,
  by: JudgedBy,
): Finding {
  if (failed) return unknown(`${file}: the scan did not end well by its own account`);
  if (digests.length > 0 && !digests.includes(by.digest))
    return unknown(`${file} is of another artifact than ${by.digest}`);
  if (at === undefined) return unknown(`${file}: the time of the scan cannot be read`);
  const age = ageOf(at, check.maxAge, asked);
  if ("problem" in age) return unknown(`${file}: ${age.problem}`);
  return { ...judgeVulnerabilities(open, { ...check, now: asked, what: tools.join(", ") }, by), ...age };
}

/** What fails and is still there. A suppression in the file names nobody and no end, so it closes nothing. */
function vulnerabilitiesOf({ tool, results }: Run): Vulnerability[] {
  const byId = new Map(
    [...tool.driver.rules, ...tool.extensions.flatMap(({ rules }) => rules)].map((rule) => [rule.id, rule]),
  );
  return results.flatMap((result) => {
    if (result.kind !== "fail" || result.baselineState === "absent") return [];
    const id = result.ruleId ?? result.rule?.id;
    const index = result.ruleIndex ?? result.rule?.index ?? -1;
    const rule = (id === undefined ? undefined : byId.get(id)) ?? tool.driver.rules[index];
    const score = scoreOf(result.properties) ?? scoreOf(rule?.properties ?? {});
    const level = result.level ?? rule?.defaultConfiguration?.level ?? "warning";
    const severity = score === undefined ? BY_LEVEL[level] : severityOf(score);
    const name = id ?? rule?.id;
    return severity === undefined ? [] : [{ ids: name === undefined ? [] : [name], severity }];
  });
}

const BY_LEVEL: Record<z.infer<typeof Level>, Severity | undefined> = {
  error: "high",
  warning: "medium",
  note: "low",
  none: undefined,
};

/** `security-severity` as scanners write it: a CVSS score, as a text or number. */
function scoreOf(properties: Readonly<Record<string, unknown>>): number | undefined {
  const score = Number.parseFloat(String(properties["security-severity"] ?? ""));
  return Number.isFinite(score) ? score : undefined;
}

/** CVSS 3 and 4, qualitative severity rating scale. */
function severityOf(score: number): Severity | undefined {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : undefined;
}

/** Digests that a scanner of images states of what it scanned. */
function statedDigests(properties: Readonly<Record<string, unknown>>): string[] {
  const stated = [properties.repoDigests, properties.digest, properties.imageDigest].flat();
  return stated.flatMap((value) => (typeof value === "string" ? (/sha256:[0-9a-f]{64}/.exec(value)?.[0] ?? []) : []));
}

/** The oldest end of a scan; the file's own time where none says when it ended. */
function scannedAt(runs: readonly Run[], mtime: Instant): Instant | undefined {
  const ends = runs.flatMap(({ invocations }) => invocations.flatMap(({ endTimeUtc }) => endTimeUtc ?? []));
  if (ends.length === 0) return mtime;
  const read = ends.map((end) => Instant.safeParse(end).data);
  return read.reduce<Instant | undefined>(
    (oldest, at, index) => (index === 0 ? at : at && oldest && epochMs(at) < epochMs(oldest) ? at : at && oldest),
    undefined,
  );
}
