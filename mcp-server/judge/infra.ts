import { z } from "zod";
import { type Outcome3, Reason } from "../vocab/index.ts";
import type { InfraReading, OthersReading } from "./inputs.ts";
import type { BareVerdict } from "./metrics/reading.ts";
import { JUDGE } from "./name.ts";

/** Health of the new version's instances and why. */
export const InfraVerdict = z.object({
  status: z.enum(["HEALTHY", "DEGRADED", "UNHEALTHY"]),
  reasons: z.array(Reason),
});
export type InfraVerdict = z.infer<typeof InfraVerdict>;

const CRASH_LOOP_CRASHES = 3;
const RESTARTS_IN_5_MIN = 3;
const UNHEALTHY_OBSERVATIONS = 2;

/**
 * UNHEALTHY, which rolls back while exposed: an out-of-memory kill, a crash loop (3 crashes and 3 restarts, or more than
 * 3 restarts, in 5 minutes), or more than half of the instances failing their health check twice in a row.
 * DEGRADED, which only holds: any other restart in the last 5 minutes, restarts that were found after a time in which
 * nobody watched, or an instance that is not ready. Earlier restarts that did no lasting harm are named and no more.
 */
export function judgeInfra(reading: InfraReading): InfraVerdict {
  const unhealthy = unhealthyReasons(reading);
  if (unhealthy.length > 0) return { status: "UNHEALTHY", reasons: unhealthy };
  const degraded = degradedReasons(reading);
  if (degraded.length > 0) return { status: "DEGRADED", reasons: degraded };
  const healthy = { code: "healthy", text: `${reading.ready} of ${reading.instances} instances ready` };
  return { status: "HEALTHY", reasons: [healthy, ...earlierRestarts(reading)] };
}

/** The same as a dimension of a gate: DEGRADED is INCONCLUSIVE, so that it blocks but does not roll back. */
export function infraVerdict({ status, reasons }: InfraVerdict): BareVerdict {
  const outcome: Record<InfraVerdict["status"], Outcome3> = {
    HEALTHY: "PASS",
    DEGRADED: "INCONCLUSIVE",
    UNHEALTHY: "FAIL",
  };
  const wouldPassIf = status === "HEALTHY" ? "" : "every instance ready, no restart";
  return { outcome: outcome[status], reasons, wouldPassIf, judge: JUDGE };
}

/**
 * What ails the instances that do not run the new version, by the limits for those that do; empty while nothing does.
 * It is no proof against the release, and a comparison with ill instances is none for it either: a person has to look.
 */
export function othersUnwell(reading: OthersReading): Reason[] {
  const { version, instances, restarts, oomKills, crashes, unhealthyStreak } = reading;
  const whose = `instances of ${version} are unwell`;
  return [
    ...reason(oomKills > 0, OTHERS, `${whose}: ${oomKills} out-of-memory kills`),
    ...reason(
      crashes >= CRASH_LOOP_CRASHES || restarts > RESTARTS_IN_5_MIN,
      OTHERS,
      `${whose}: ${crashes} crashes, ${restarts} restarts since the watch began`,
    ),
    ...reason(
      unhealthyStreak >= UNHEALTHY_OBSERVATIONS,
      OTHERS,
      `${whose}: more than half of ${instances} failed their health check ${unhealthyStreak} times in a row`,
    ),
  ];
}

const OTHERS = "others-unwell";

function unhealthyReasons(reading: InfraReading): Reason[] {
  const { oomKills, crashes, restartsLast5Min, unhealthyStreak } = reading;
  return [
    ...reason(oomKills > 0, "oom-kill", `${oomKills} out-of-memory kills`),
    ...reason(
      (crashes >= CRASH_LOOP_CRASHES && restartsLast5Min >= CRASH_LOOP_CRASHES) || restartsLast5Min > RESTARTS_IN_5_MIN,
      "crash-loop",
      `${crashes} crashes, ${restartsLast5Min} restarts in 5 minutes`,
    ),
    ...reason(
      unhealthyStreak >= UNHEALTHY_OBSERVATIONS,
      "failing-health",
      `more than half of ${reading.instances} instances failed their health check ${unhealthyStreak} times in a row`,
    ),
  ];
}

function degradedReasons(reading: InfraReading): Reason[] {
  const { instances, ready, restartsLast5Min, restartsUnseen = 0 } = reading;
  return [
    ...reason(restartsLast5Min > 0, "restart", `${restartsLast5Min} restarts in 5 minutes`),
    ...reason(restartsUnseen > 0, "restart", `${restartsUnseen} restarts while nobody watched, at times unknown`),
    ...reason(instances === 0, "no-instances", "no instance of the version runs"),
    ...reason(ready < instances, "not-ready", `${ready} of ${instances} instances ready`),
  ];
}

function earlierRestarts({ restarts, crashes }: InfraReading): Reason[] {
  const text = `${restarts} restarts and ${crashes} crashes since the watch began, none in the last 5 minutes`;
  return reason(restarts > 0 || crashes > 0, "earlier-restart", text);
}

function reason(applies: boolean, code: string, text: string): Reason[] {
  return applies ? [{ code, text }] : [];
}
