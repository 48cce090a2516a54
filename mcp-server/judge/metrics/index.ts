export { BURN_FACTOR } from "./burn.ts";
export { calibrateRules } from "./calibrate.ts";
export { ALPHA_SHARE } from "./e-values.ts";
export { type ExpectedTraffic, expectedDecisions, type RuleOutlook } from "./expectation.ts";
export { totalOf } from "./histogram.ts";
export { LOAD_FACTOR_BOUND } from "./load.ts";
export { readMetrics } from "./read.ts";
export { BareVerdict, MetricReading, MetricsReading } from "./reading.ts";
export { HISTORICAL_LATENCY_MS, historicalAllowance } from "./recorded.ts";
export {
  changeUnit,
  Dispersions,
  directionOf,
  Histogram,
  isInPoints,
  MetricKind,
  MetricRule,
  MetricsSnapshot,
  MetricsSpec,
  RuleDispersion,
  thresholdMargin,
} from "./rule.ts";
export { type MetricsState, requiredRules } from "./state.ts";
export { enterFrozen, rearmWarmup, startMetrics, stepMetrics } from "./step.ts";
export { errorRateRule, latencyRule, throughputRule } from "./usual-rules.ts";
export { LEAST_ERROR_SHARE, weightShares } from "./weights.ts";
