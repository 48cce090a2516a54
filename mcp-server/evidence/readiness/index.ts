export * from "./config.ts";
export type { CheckWorld, Finding, FoundEvidence, JudgedBy } from "./finding.ts";
export * from "./rejudge.ts";
export * from "./run.ts";
