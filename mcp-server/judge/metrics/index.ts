export { ALPHA_SHARE } from "./evidence.ts";
export { totalOf } from "./histogram.ts";
export { LOAD_FACTOR_BOUND } from "./load.ts";
export { readMetrics } from "./read.ts";
export { BareVerdict, MetricReading, MetricsReading } from "./reading.ts";
export { changeUnit, Histogram, MetricRule, MetricsSnapshot, MetricsSpec } from "./rule.ts";
export { type MetricsState, requiredRules } from "./state.ts";
export { enterFrozen, rearmWarmup, startMetrics, stepMetrics } from "./step.ts";
export { errorRateRule, latencyRule } from "./usual-rules.ts";
