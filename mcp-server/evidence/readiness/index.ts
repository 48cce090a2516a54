export * from "./config.ts";
export type { CheckWorld, Finding, FoundEvidence } from "./finding.ts";
export * from "./run.ts";
