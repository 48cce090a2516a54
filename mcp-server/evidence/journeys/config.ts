import { z } from "zod";
import { Duration, durationMs, Priority } from "../../vocab/index.ts";
import { CheckId, type ConfigProblem, envProblems } from "../config.ts";
import { CleanupStep, HttpStep, PassEnv } from "../http-step.ts";

const MAX_STEPS = 20;
const LONGEST_JOURNEY_MS = 120_000;

/** One user journey: requests in order, each with values from the answers before it. */
export const JourneyConfig = z.strictObject({
  id: CheckId,
  priority: Priority.default("P1"),
  timeout: Duration.default("15s").describe("for all of its steps together; at most 2m"),
  passEnv: PassEnv,
  steps: z.array(HttpStep).min(1).max(MAX_STEPS),
  cleanup: z
    .array(CleanupStep)
    .max(MAX_STEPS)
    .default([])
    .describe("sent after the last step, also after a failure, to take away what the journey made"),
  mutates: z
    .boolean()
    .default(false)
    .describe("it leaves traces: run as a check only and never repeated as probe traffic; so is one with cleanup"),
});
export type JourneyConfig = z.infer<typeof JourneyConfig>;

/** Section `journeys` of deploy.yaml. */
export const JourneysConfig = z.array(JourneyConfig).min(1).max(50);
export type JourneysConfig = z.infer<typeof JourneysConfig>;

/** Section `probes` of deploy.yaml: journeys sent again and again as synthetic traffic. */
export const ProbesConfig = z.strictObject({
  ratePerSecond: z
    .number()
    .min(0)
    .max(50)
    .default(2)
    .describe("journeys per second to each of the two versions; 0: no probe traffic"),
  recordFor: Duration.default("1m").describe(
    "how long the version before is probed to record the baseline, with metrics.source probes or where users are too few; at most 10m",
  ),
});
export type ProbesConfig = z.infer<typeof ProbesConfig>;

/** Whether a journey may be sent again and again: it leaves nothing behind. */
export function canProbe({ mutates, cleanup }: JourneyConfig): boolean {
  return !mutates && cleanup.length === 0;
}

/** Problems of the journeys beyond their schema; empty when they can be used. */
export function journeysProblems(journeys: JourneysConfig): ConfigProblem[] {
  const seen = new Set<string>();
  return journeys.flatMap((journey, index) => {
    const key = `journeys[${index}]`;
    const twice = seen.has(journey.id) ? [{ key: `${key}.id`, what: "used by an earlier journey too" }] : [];
    seen.add(journey.id);
    const timeoutMs = durationMs(journey.timeout);
    return [
      ...twice,
      ...(timeoutMs < 1 ? [{ key: `${key}.timeout`, what: "no time at all" }] : []),
      ...(timeoutMs > LONGEST_JOURNEY_MS ? [{ key: `${key}.timeout`, what: "longer than 2m" }] : []),
      ...stepProblems(key, journey),
    ];
  });
}

/** Problems of the probes section beyond its schema. */
export function probesProblems(probes: ProbesConfig): ConfigProblem[] {
  const recordMs = durationMs(probes.recordFor);
  if (recordMs < 1_000) return [{ key: "probes.recordFor", what: "shorter than 1s" }];
  return recordMs > 600_000 ? [{ key: "probes.recordFor", what: "longer than 10m" }] : [];
}

function stepProblems(key: string, { steps, cleanup, passEnv }: JourneyConfig): ConfigProblem[] {
  const remembered = new Set<string>();
  const cleaning = cleanup.flatMap((step, index) => envProblems(`${key}.cleanup[${index}]`, step, passEnv));
  const walking = steps.flatMap((step, index) => {
    const stepKey = `${key}.steps[${index}]`;
    const problems = envProblems(stepKey, step, passEnv);
    for (const name of Object.keys(step.remember)) {
      if (name === "version")
        problems.push({ key: `${stepKey}.remember`, what: "{version} is taken: it is the release" });
      if (remembered.has(name))
        problems.push({ key: `${stepKey}.remember`, what: "remembered by an earlier step too" });
      remembered.add(name);
    }
    return problems;
  });
  return [...walking, ...cleaning];
}
