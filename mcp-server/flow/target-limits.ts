import { capabilitiesOf, reachOf, type TargetCapabilities } from "../target/index.ts";
import { FlowError } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import type { Plan } from "./plan.ts";

/** Key of what is not judged while a version has only a part of the traffic. */
export const STAGE_SMOKE = "stage.smoke";

/** Key of the comparison of metrics in staging, where the new version cannot be asked beside the old one. */
export const STAGING_REGRESSION = "staging.regression";

/** Refuses what deploy.yaml asks for and its target cannot give, naming the key. */
export function refuseBeyondTarget(config: DeployConfig): void {
  if (config.metrics?.source === "scrape" && reachOf(config.target) !== "instances") {
    throw new FlowError({
      code: "config",
      what: "metrics pages cannot be read on this target",
      expected: "a URL for every instance, whose own page is read",
      found: "target.instanceUrls: false",
      where: { file: "deploy.yaml", key: "metrics" },
      next: "let observe print the URLs of the instances; ask a Prometheus server (metrics.source: prometheus), measure by probe traffic (probes), or leave the metrics section out",
    });
  }
  const candidate = config.tests?.candidate;
  if (config.target.kind === "sandbox" || !candidate || !("command" in candidate)) return;
  if (!candidate.command.some((argument) => argument.includes("{artifact}"))) return;
  throw new FlowError({
    code: "config",
    what: "this target deploys no folders, so {artifact} names nothing",
    expected: "{version} and {report}",
    where: { file: "deploy.yaml", key: "tests.candidate.command" },
    next: "let the command find the artifact of {version} itself",
  });
}

/** Refuses probe traffic at an entry that two versions share for a time: whose answers were counted would be chance. */
export function refuseSharedProbes(config: DeployConfig, weights: readonly number[]): void {
  if (config.metrics?.source !== "probes" || reachOf(config.target) !== "entry") return;
  const shared = weights.find((weight) => weight < 100);
  if (shared === undefined) return;
  throw new FlowError({
    code: "config",
    what: "probe traffic cannot tell two versions apart that share the entry",
    expected:
      "all traffic on one version at a time; or a URL for every instance, or for every version, past the router",
    found: `a stage of ${shared} %, with target.instanceUrls and target.versionUrls false`,
    where: { file: "deploy.yaml", key: "metrics.source" },
    next: "use strategy: blue-green, which is probed at the entry before and after the switch; or let observe print such URLs (docs/targets.md); or leave the metrics section out",
  });
}

/**
 * A target that holds one version at a time could only stop the old one and start the new one: users would be without
 * a service, and going back would take another start. No strategy does that, so only a first deployment is possible.
 */
export function refuseReplacing({ parallelPools }: Pick<TargetCapabilities, "parallelPools">): void {
  if (parallelPools) return;
  throw new FlowError({
    code: "config",
    what: "every strategy needs the old version beside the new one, and this target holds one version at a time",
    expected: "two versions that run side by side, if only while one takes over from the other",
    found: "target.parallelPools: false",
    where: { file: "deploy.yaml", key: "target.parallelPools" },
    next: "let observe and apply hold two versions; behind one entry a second set of instances without traffic is enough",
  });
}

/** Of the requests that an exposure should have answered, those that can be asked for: none where nobody counts them. */
export function countedRequests(config: DeployConfig, wanted: number): number {
  return capabilitiesOf(config.target).measuresTraffic ? wanted : 0;
}

/** What nobody will know because the target does not tell. */
export function unknownsOfTarget(config: DeployConfig): string[] {
  if (capabilitiesOf(config.target).measuresTraffic) return [];
  return [
    "how many requests reach the new version, and whether they are its share: the target does not measure traffic (target.measuresTraffic)",
  ];
}

/** What the target keeps from being judged. */
export function notJudgedOnTarget(config: DeployConfig): Record<string, string> {
  if (reachOf(config.target) !== "entry") return {};
  const reason =
    "the target gives no URL of an instance or a version (target.instanceUrls, target.versionUrls): only the entry can be asked, once the new version has all traffic";
  return {
    [STAGE_SMOKE]: reason,
    ...(config.metrics
      ? { [STAGING_REGRESSION]: "two versions in staging would share its entry: only absolute targets hold there" }
      : {}),
  };
}

/** Whether checks and journeys can be sent in a watch: not where only the entry could be asked and two versions share it. */
export function checksApply(plan: Plan, watched: { readonly track: string; readonly final: boolean }): boolean {
  const shared = watched.track === "production" && !watched.final;
  return !(shared && plan.notApplicable[STAGE_SMOKE] !== undefined);
}

/** Share in percent of `candidates` among all replicas while `old` ones run beside them. */
export function replicaSharePct(old: number, candidates: number): number {
  return (100 * candidates) / (old + candidates);
}

/** Replicas of the new version that come closest to a share below 100 % beside `old` ones; at least one. */
export function replicasFor(old: number, weightPct: number): number {
  return Math.max(1, Math.round((old * weightPct) / (100 - weightPct)));
}

/** A share read back may differ by this much from the planned one, in percentage points. */
const SHARE_TOLERANCE_PP = 0.005;

/** Where traffic follows replicas, a canary stage is a ratio of whole replicas: refuses every other share, naming the nearest. */
export function refuseUnsplittable(
  routing: TargetCapabilities["routing"],
  instances: number,
  weights: readonly number[],
): void {
  if (routing !== "by-replica") return;
  const wrong = weights.find(
    (weight) =>
      weight < 100 &&
      Math.abs(replicaSharePct(instances, replicasFor(instances, weight)) - weight) > SHARE_TOLERANCE_PP,
  );
  if (wrong === undefined) return;
  const text = (count: number) => `${Number(replicaSharePct(instances, count).toFixed(2))} %`;
  throw new FlowError({
    code: "config",
    what: "traffic follows replicas on this target, and no number of replicas gives this canary stage",
    expected: `shares of whole replicas beside ${instances} old ones: the smallest is ${text(1)}, the nearest ${text(replicasFor(instances, wrong))}`,
    found: `${wrong} %`,
    where: { file: "deploy.yaml", key: "canary.stages" },
    next: "use shares that replicas can express, raise instances, or choose blue-green",
  });
}
