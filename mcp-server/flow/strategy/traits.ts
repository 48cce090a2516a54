import type { Strategy } from "./name.ts";

/** What is good about each strategy wherever it is used. */
export const PROS: Readonly<Record<Strategy, readonly string[]>> = {
  canary: [
    "few users meet a fault before it is seen",
    "both versions are measured at the same time under the same traffic",
    "the old version keeps its full size until the end, so that going back needs no start",
  ],
  "blue-green": [
    "the new version is checked at full size before anybody gets it",
    "all users change over at one moment, and back at one moment",
    "the old version can be kept for an instant way back",
  ],
  rolling: ["no second set of instances", "works where traffic cannot be weighted"],
};

/** What is bad about each strategy wherever it is used. */
export const CONS: Readonly<Record<Strategy, readonly string[]>> = {
  canary: ["takes the longest", "two versions serve side by side and have to bear each other's data"],
  "blue-green": [
    "all users meet a fault that only real traffic shows",
    "after the change-over there is no old version left to compare with at the same time",
  ],
  rolling: [
    "the way back is a second rollout and takes as long as instances take to start",
    "two versions serve side by side, in shares as coarse as the instances",
  ],
};

/** What has to be there for it. */
export function requirementsOf(strategy: Strategy, instances: number): string[] {
  switch (strategy) {
    case "canary":
      return [
        "a target that sends a set share of the traffic to one version",
        `room for up to ${instances} more instances beside the ${instances} that serve, at the last stage`,
      ];
    case "blue-green":
      return [
        "a target that runs two versions side by side and switches between them",
        `room for ${instances} more instances beside the ${instances} that serve`,
      ];
    case "rolling":
      return [
        "at least two instances, which are replaced one after the other",
        "old and new instances that can serve together",
      ];
    default:
      return strategy satisfies never;
  }
}
