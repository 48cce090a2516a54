import { asymptoticHalfWidth, type Counts } from "../../../../mcp-server/judge/index.ts";
import type { CountsPoll, HalvesPoll } from "../traffic/errors.ts";
import type { Contender } from "./contender.ts";
import { kayentaSaysHigh, Z } from "./mann-whitney.ts";
import { failedChecks, perMinute } from "./windows.ts";

/** What is known before an error canary begins. */
export interface ErrorWorld {
  /** Allowed worsening as a share of 1. */
  readonly allowed: number;
  readonly plannedPolls: number;
  readonly history: readonly HalvesPoll[];
}

export type ErrorContender = Contender<ErrorWorld, CountsPoll>;

/** Today's ways of judging an error rate, each with the same threshold against the baseline. */
export const ERROR_TOOLS: readonly ErrorContender[] = [
  strict("strict comparison of totals", 1),
  strict("strict comparison, n >= 500", 500),
  checks("Flagger, 5 failed checks", 5, false),
  checks("5 failed checks in a row", 5, true),
  checks("Argo Rollouts, failureLimit 0", 1, false),
  checks("Argo Rollouts, failureLimit 3", 4, false),
  kayenta("Kayenta, every minute", false),
  kayenta("Kayenta, once at the end", true),
  zTest("z-test .05, each poll", false),
  zTest("z-test .05, once at the end", true),
  asymptotic("asymptotic confidence sequence .05, as in GrowthBook"),
];

function twoValued(name: string, open: ErrorContender["open"]): ErrorContender {
  return { name, threeValued: false, open };
}

/** The formula as asked for: any point value above the limit is a regression. */
function strict(name: string, least: number): ErrorContender {
  return twoValued(name, ({ allowed }) => {
    const total = totals();
    return (poll) => {
      const { baseline, candidate } = total.add(poll);
      if (baseline.exposure < least || candidate.exposure < least) return undefined;
      return rate(candidate) > rate(baseline) + allowed ? "FAIL" : undefined;
    };
  });
}

/**
 * Flagger counts failed checks and forgets none (pkg/controller/scheduler.go); Argo Rollouts fails beyond
 * `failureLimit` of them (analysis/analysis.go).
 */
function checks(name: string, limit: number, inARow: boolean): ErrorContender {
  return twoValued(name, ({ allowed }) => {
    const counted = failedChecks(limit, { inARow });
    return perMinute((polls: readonly CountsPoll[]) => {
      const { baseline, candidate } = summed(polls);
      return counted(rate(candidate) > rate(baseline) + allowed);
    });
  });
}

const KAYENTA_POINTS = 10;

function kayenta(name: string, onlyAtEnd: boolean): ErrorContender {
  return twoValued(name, ({ allowed, plannedPolls }) => {
    const points = { baseline: [] as number[], candidate: [] as number[] };
    const expected = Math.floor(plannedPolls / 6);
    return perMinute((polls: readonly CountsPoll[]) => {
      const { baseline, candidate } = summed(polls);
      points.baseline.push(rate(baseline) + allowed);
      points.candidate.push(rate(candidate));
      const due = onlyAtEnd ? points.baseline.length === expected : points.baseline.length >= KAYENTA_POINTS;
      return due && kayentaSaysHigh(points.baseline, points.candidate) ? "FAIL" : undefined;
    });
  });
}

function zTest(name: string, onlyAtEnd: boolean): ErrorContender {
  return twoValued(name, ({ allowed }) => {
    const total = totals();
    return (poll, last) => {
      const { baseline, candidate } = total.add(poll);
      return (last || !onlyAtEnd) && zOf(baseline, candidate, allowed) > Z.p95 ? "FAIL" : undefined;
    };
  });
}

function zOf(baseline: Counts, candidate: Counts, allowed: number): number {
  const [b, c] = [rate(baseline), rate(candidate)];
  const pooled = (baseline.events + candidate.events) / (baseline.exposure + candidate.exposure);
  const variance =
    allowed === 0
      ? pooled * (1 - pooled) * (1 / baseline.exposure + 1 / candidate.exposure)
      : (b * (1 - b)) / baseline.exposure + (c * (1 - c)) / candidate.exposure;
  return variance > 0 ? (c - b - allowed) / Math.sqrt(variance) : 0;
}

/** Requests after which the interval is tightest: GrowthBook's default. */
const TIGHTEST_AFTER = 5000;

function asymptotic(name: string): ErrorContender {
  return twoValued(name, ({ allowed }) => {
    const total = totals();
    return (poll) => {
      const { baseline, candidate } = total.add(poll);
      const [b, c] = [rate(baseline), rate(candidate)];
      const variance = (b * (1 - b)) / baseline.exposure + (c * (1 - c)) / candidate.exposure;
      const n = baseline.exposure + candidate.exposure;
      const half = asymptoticHalfWidth(Math.sqrt(variance * n), n, 0.05, TIGHTEST_AFTER);
      return variance > 0 && c - b - allowed > half ? "FAIL" : undefined;
    };
  });
}

function rate({ exposure, events }: Counts): number {
  return exposure > 0 ? events / exposure : 0;
}

function totals() {
  let total = { baseline: { exposure: 0, events: 0 }, candidate: { exposure: 0, events: 0 } };
  return {
    add(poll: HalvesPoll) {
      total = summed([total, poll]);
      return total;
    },
  };
}

/** Both arms of several polls together. */
export function summed(polls: readonly HalvesPoll[]): HalvesPoll {
  const sum = (arm: "baseline" | "candidate") => {
    let [exposure, events] = [0, 0];
    for (const poll of polls) {
      exposure += poll[arm].exposure;
      events += poll[arm].events;
    }
    return { exposure, events };
  };
  return { baseline: sum("baseline"), candidate: sum("candidate") };
}
