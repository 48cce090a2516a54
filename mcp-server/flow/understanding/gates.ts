import { durationMs, type Ms, spanText } from "../../vocab/index.ts";
import { type Depth, RECOMMENDED_THRESHOLD, type Risk } from "../parameters.ts";
import { about } from "./finding.ts";
import { answer, type Claim, flag, row, type Settled, said, tightened } from "./precedence.ts";
import { baseOf, type Sources } from "./sources.ts";

/** Accepted regression, percent. What is usual for the risk is shown beside a value above zero, never applied. */
export function regressionThreshold(s: Sources, risk: Risk): Settled<number> {
  const settled = tightened<number>({
    name: "regression threshold",
    own: flag(s.parameters.regressionThreshold),
    wished: said(about(s.findings, "threshold")),
    base: { value: s.config.regressionThreshold, source: baseOf(s, "regressionThreshold") },
    isStricter: (a, b) => a < b,
    text: (pct) => `${pct} %`,
  });
  if (settled.value === 0) return settled;
  const shown = `recommended at risk ${risk}: ${RECOMMENDED_THRESHOLD[risk]}; shown, not applied`;
  return { ...settled, rows: [...settled.rows, row("regression threshold", shown, { source: "recommendation" })] };
}

/** Whether a regression rolls back by itself, or holds and asks. */
export function rollbackOnRegression(s: Sources): Settled<boolean> {
  return tightened<boolean>({
    name: "rollback on regression",
    own: flag(s.parameters.rollbackOnRegression),
    wished: said(about(s.findings, "rollback-on-regression").map(({ words }) => ({ value: true, words }))),
    base: { value: s.config.rollbackOnRegression, source: baseOf(s, "rollbackOnRegression") },
    isStricter: (a, b) => a && !b,
    text: (on) => (on ? "on" : "off: hold and ask"),
  });
}

/** "Extra monitoring" is twice what deploy.yaml says: 60 min where it says the usual 30. */
const LONGER = 2;

/** Time at 100 % before the production gate, milliseconds. */
export function observation(s: Sources): Settled<Ms> {
  const ownMs = durationMs(s.config.observe);
  const ms = (text: string | undefined) => (text === undefined ? undefined : durationMs(text));
  const own = [...flag(ms(s.parameters.observe)), ...answer(ms(s.parameters.answers?.observe))];
  // Beside a time that is named outright, "extra" asks for no less than deploy.yaml does.
  const longerMs = own.length > 0 ? ownMs : ownMs * LONGER;
  const longer = said(about(s.findings, "observe-longer").map(({ words }) => ({ value: longerMs, words })));
  return tightened<Ms>({
    name: "observation",
    own,
    wished: [...said(about(s.findings, "observe")), ...longer],
    base: { value: ownMs, source: baseOf(s, "observe") },
    isStricter: (a, b) => a > b,
    text: spanText,
  });
}

const DEPTHS: readonly Depth[] = ["minimal", "standard", "thorough"];

/** How many smoke checks and agents; it removes no gate. */
export function depth(s: Sources): Settled<Depth> {
  return tightened<Depth>({
    name: "depth",
    own: flag(s.parameters.depth),
    wished: said(about(s.findings, "depth")),
    base: { value: "standard", source: "default" },
    isStricter: (a, b) => DEPTHS.indexOf(a) > DEPTHS.indexOf(b),
    text: String,
  });
}

/** Absolute targets: of everything that is said the strictest counts, also against deploy.yaml. */
export function serviceLevels(s: Sources): {
  errorRatePct: Settled<number>;
  latencyP99Ms: Settled<Ms>;
  rows: Settled<number>["rows"];
} {
  const { slo } = s.parameters.answers ?? {};
  const lowest = (name: string, unit: string, base: Claim<number>, claims: readonly Claim<number>[]) =>
    tightened<number>({
      name,
      own: [],
      wished: claims,
      base,
      isStricter: (a, b) => a < b,
      text: (value) => `at most ${value} ${unit}`,
    });
  const base = (key: "errorRatePct" | "latencyP99Ms") => ({
    value: s.config.slo[key],
    source: baseOf(s, `slo.${key}`),
  });
  const errors = [...answer(slo?.errorRatePct), ...said(about(s.findings, "slo-error-rate"))];
  const latencies = [...answer(slo?.latencyP99Ms), ...said(about(s.findings, "slo-latency-p99"))];
  const noted = `${slo?.availabilityPct} %: noted; this run judges the error rate and the latency`;
  return {
    errorRatePct: lowest("error rate target", "%", base("errorRatePct"), errors),
    latencyP99Ms: lowest("latency p99 target", "ms", base("latencyP99Ms"), latencies),
    rows: slo?.availabilityPct === undefined ? [] : [row("availability target", noted, { source: "answer" })],
  };
}
