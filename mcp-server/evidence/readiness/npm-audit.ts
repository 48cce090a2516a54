import { z } from "zod";
import { Instant, type Sha256, sha256 } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { runCommand } from "./command.ts";
import type { NpmAuditCheck } from "./config.ts";
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

const Rating = z.enum(["info", "low", "moderate", "high", "critical"]);
const Advisory = z.object({
  source: z.union([z.number(), z.string()]).optional(),
  url: z.string().optional(),
  title: z.string().optional(),
});
const Vulnerable = z.object({ name: z.string(), severity: Rating, via: z.array(z.union([z.string(), Advisory])) });
/** The parts of `npm audit --json`, report version 2 (npm 7 and later), that decide. */
const NpmAudit = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(z.string(), Vulnerable),
  metadata: z.object({ vulnerabilities: z.object({ total: z.number().int().min(0) }).catchall(z.number()) }),
});
type NpmAudit = z.infer<typeof NpmAudit>;

const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** `npm audit --json`, from a file or run now. A registry that did not answer is no clean bill of health. */
export async function checkNpmAudit(
  check: z.infer<typeof NpmAuditCheck>,
  world: CheckWorld,
  signal: AbortSignal,
): Promise<Finding> {
  const source = check.file === undefined ? await ran(check, world, signal) : read(check, check.file, world);
  if ("problem" in source) return unknown(source.problem);
  const parsed = NpmAudit.safeParse(parseJson(source.text)?.json);
  if (!parsed.success) return unknown(`${source.what}: no audit report, the registry may not have answered`);
  const { data } = parsed;
  const facts: NpmAuditFacts = {
    what: source.what,
    asked: world.clock.wall(),
    ...(source.at ? { at: source.at } : {}),
    open: stored(vulnerabilitiesOf(data), world),
    listed: Object.keys(data.vulnerabilities).length,
    total: data.metadata.vulnerabilities.total,
  };
  const origin = source.at ? "fetched" : "executed";
  const evidence = { rawSha256: source.rawSha256, stored: facts, origin } as const;
  return restingOn(judgeNpmAudit(check, facts, world), check.id, evidence);
}

/** An audit report as it is stored and judged. `at`: of when its file is; absent when the command was run. */
export const NpmAuditFacts = z.object({
  what: z.string(),
  asked: Instant,
  at: Instant.optional(),
  open: z.array(Vulnerability),
  listed: z.number().int(),
  total: z.number().int(),
});
type NpmAuditFacts = z.infer<typeof NpmAuditFacts>;

export function judgeNpmAudit(
  check: z.infer<typeof NpmAuditCheck>,
  { what, asked, at, open, listed, total }: NpmAuditFacts,
  by: Pick<JudgedBy, "redact">,
): Finding {
  if (listed !== total) return unknown(`${what}: its counts do not fit its list`);
  if (!at && check.file !== undefined) return unknown(`${what}: the time of the file is not known`);
  const age = at ? ageOf(at, check.maxAge, asked) : {};
  if ("problem" in age) return unknown(`${what}: ${age.problem}`);
  return { ...judgeVulnerabilities(open, { ...check, now: asked, what: "npm audit" }, by), ...age };
}

interface Source {
  readonly text: string;
  readonly rawSha256: Sha256;
  readonly what: string;
  readonly at?: Instant;
}

async function ran(
  check: z.infer<typeof NpmAuditCheck>,
  world: CheckWorld,
  signal: AbortSignal,
): Promise<Source | { problem: string }> {
  // It exits with 1 when it found something, and then its report says what.
  const exit = await runCommand(check, world, signal, MAX_OUTPUT_BYTES);
  if ("problem" in exit) return exit;
  return { text: exit.stdout, rawSha256: sha256(exit.stdout), what: "npm audit" };
}

function read(check: z.infer<typeof NpmAuditCheck>, path: string, world: CheckWorld): Source | { problem: string } {
  const values = { version: world.version, previousVersion: world.previousVersion };
  const name = fillPlaceholders(path, values, `readiness.checks ${check.id}`);
  const file = readWhole(name, world);
  return "problem" in file ? file : { text: file.text, rawSha256: file.rawSha256, what: name, at: file.mtime };
}

const SEVERITY: Record<z.infer<typeof Rating>, Severity> = {
  critical: "critical",
  high: "high",
  moderate: "medium",
  low: "low",
  info: "low",
};

function vulnerabilitiesOf({ vulnerabilities }: NpmAudit): Vulnerability[] {
  return Object.values(vulnerabilities).map(({ name, severity, via }) => ({
    ids: [name, ...idsOf(via)],
    severity: SEVERITY[severity],
  }));
}

/** An acceptance by advisory covers a package only when that is all there is against it. */
function idsOf(via: readonly (string | z.infer<typeof Advisory>)[]): string[] {
  const ids = via.map((one) =>
    typeof one === "string" ? one : (/GHSA(?:-[0-9a-z]{4}){3}/.exec(one.url ?? "")?.[0] ?? String(one.source ?? "")),
  );
  return new Set(ids).size === 1 ? ids.slice(0, 1) : [];
}
