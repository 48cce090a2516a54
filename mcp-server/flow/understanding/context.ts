import { durationMs, FlowError, type Ms, spanText } from "../../vocab/index.ts";
import type { Risk, Understood } from "../parameters.ts";
import { about } from "./finding.ts";
import { answer, type Claim, flag, pick, row, type Settled, said, tightened } from "./precedence.ts";
import type { Sources } from "./sources.ts";

/** `instant`: a minute, in which one change of weights has arrived everywhere. */
const INSTANT_MS: Ms = 60_000;

export type Migrations = "included" | "none" | "unknown";
export type Downtime = "zero" | "acceptable" | "unknown";

/** Risk of the release. */
export function riskOf(s: Sources): Settled<Risk> {
  const own = [...flag(s.parameters.risk), ...answer(s.parameters.answers?.risk), ...said(about(s.findings, "risk"))];
  return pick<Risk>("risk", own, { value: "medium", source: "default" }, String);
}

/** Whether a schema or data change comes with the release, as people say. */
export function migrationsOf(s: Sources): Settled<Migrations> {
  const answered = s.parameters.answers?.migrations;
  const own: Claim<Migrations>[] = [
    ...answer<Migrations>(answered === undefined ? undefined : answered ? "included" : "none"),
    ...said<Migrations>(about(s.findings, "migrations")),
  ];
  return pick<Migrations>("migrations", own, { value: "unknown", source: "default" }, String);
}

/** Whether the service may be away meanwhile; only the choice of the strategy asks. */
export function downtimeOf(s: Sources): Settled<Downtime> {
  const own = said<Downtime>(about(s.findings, "downtime"));
  const settled = pick<Downtime>("downtime", own, { value: "unknown", source: "default" }, String);
  return own.length > 0 ? settled : { ...settled, rows: [] };
}

/** Users must be back on the old version within this time, milliseconds; Infinity: nobody said. */
export function rollbackTolerance(s: Sources): Settled<Ms> {
  const answered = s.parameters.answers?.rollbackTolerance;
  const ms = answered === undefined ? undefined : answered === "instant" ? INSTANT_MS : durationMs(answered);
  const settled = tightened<Ms>({
    name: "rollback tolerance",
    own: answer(ms),
    wished: said(about(s.findings, "rollback-tolerance")),
    base: { value: Number.POSITIVE_INFINITY, source: "default" },
    isStricter: (a, b) => a < b,
    text: (value) => `traffic back within ${spanText(value)}`,
  });
  return Number.isFinite(settled.value) ? settled : { ...settled, rows: [] };
}

/** A first deployment takes comparisons away, so that guidance can only hint at it. */
export function firstDeployOf(s: Sources): { value: boolean; rows: Understood[] } {
  const value = s.parameters.firstDeploy;
  const hints = about(s.findings, "first-deploy").map(({ words }) =>
    row("first deployment", "noted: it takes comparisons away, so only --first-deploy says so", {
      source: "guidance",
      words,
    }),
  );
  return value ? { value, rows: [row("first deployment", "yes", { source: "flag" })] } : { value, rows: hints };
}

export interface Fixes {
  readonly incident: string;
  readonly reason: string;
}

/** The incident that the release ends, and a person's reason; null: it ends none. */
export function fixesOf({ parameters }: Sources): { value: Fixes | null; rows: Understood[] } {
  const { fixes, reason } = parameters;
  if (fixes === undefined && reason === undefined) return { value: null, rows: [] };
  if (fixes === undefined || reason === undefined) {
    throw new FlowError({
      code: "usage",
      what: fixes === undefined ? "--reason belongs to --fixes" : "--fixes needs a reason for the record",
      expected: "--fixes INCIDENT --reason TEXT",
      found: fixes === undefined ? "--reason alone" : "--fixes alone",
      next: "give both, or neither",
    });
  }
  const value = { incident: fixes, reason };
  return { value, rows: [row("fixes", `${fixes}: ${reason}`, { source: "flag" })] };
}
