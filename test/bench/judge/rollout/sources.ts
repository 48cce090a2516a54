import { type Increment, instantOf } from "../../../../mcp-server/vocab/index.ts";
import { defaultRules } from "../contenders/spec.ts";
import type { Source } from "./world.ts";

const silent = (one: Increment): Increment => {
  const { buckets: _, ...rest } = one;
  return { ...rest, exposure: 0, events: 0, quality: "missing" };
};

/** One poll in five is not answered for one of the arms. */
export const missingPolls = (): Source => (now, _before, random) => {
  if (random.uniform() >= 0.2) return now;
  const arm = random.uniform() < 0.5 ? "baseline" : "candidate";
  return now.map((one) => (one.arm === arm ? silent(one) : one));
};

const OVER_TIME = new Set(defaultRules(0).flatMap(({ kind, series }) => (kind === "throughput" ? [series] : [])));

/** One poll in twenty an instance restarts: half of what it counted since the last poll is lost, but no time. */
export const counterResets = (): Source => (now, _before, random) =>
  now.map((one): Increment => {
    if (random.uniform() >= 0.05) return one;
    const half = (count: number) => Math.ceil(count / 2);
    if (OVER_TIME.has(one.metric)) return { ...one, events: half(one.events), quality: "reset" };
    return {
      ...one,
      exposure: half(one.exposure),
      events: Math.min(half(one.events), half(one.exposure)),
      ...(one.buckets ? { buckets: one.buckets.map(({ le, count }) => ({ le, count: half(count) })) } : {}),
      quality: "reset",
    };
  });

/** One poll in ten brings the poll before once more. */
export const duplicates = (): Source => (now, before, random) => (random.uniform() < 0.1 ? [...before, ...now] : now);

/** One poll in ten does not answer; what it would have brought comes with the next one, after the newer data. */
export const lateData = (): Source => {
  let owed = false;
  return (now, before, random) => {
    const late = owed ? before : [];
    owed = random.uniform() < 0.1;
    return [...(owed ? now.map(silent) : now), ...late];
  };
};

const SKEW_MS = 7_000;

/** The candidate's machine is seven seconds ahead. */
export const clockSkew = (): Source => (now) =>
  now.map((one) => {
    if (one.arm === "baseline") return one;
    const ahead = (at: Increment["from"]) => instantOf(Date.parse(at) + SKEW_MS);
    return { ...one, from: ahead(one.from), to: ahead(one.to) };
  });
