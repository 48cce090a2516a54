export * from "./compare.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export * from "./read.ts";
export { type CaseSink, ReportDamage, type ReportReader, type ReportWarning } from "./reader.ts";
export { READERS, recognise } from "./registry.ts";
export * from "./stored.ts";
