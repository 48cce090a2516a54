import { HEALTH_ONLY, playAll, type Scenario } from "./scenario.ts";
import type { Edit } from "./world.ts";

/** A release slower by some hundred milliseconds is a regression here, and no harm to the service level. */
const LATENCY_COUNTS: readonly Edit[] = [[["regressionThreshold"], 50], HEALTH_ONLY];

const STRATEGIES = ["canary", "blue-green", "rolling"] as const;

const scenarios = STRATEGIES.flatMap((strategy): Scenario[] => {
  const flags = ["--strategy", strategy];
  return [
    { name: `${strategy} to SUCCESS`, release: "healthy", flags, ends: "SUCCESS", production: "new" },
    {
      name: `${strategy} rolled back by a broken service level`,
      release: "failing",
      flags,
      edits: [HEALTH_ONLY],
      ends: "ROLLED_BACK",
      production: "old",
      trigger: "slo",
      prints: [/❌ Service level broken/],
    },
    {
      name: `${strategy} rolled back by a failed smoke check`,
      release: "misleading",
      flags,
      ends: "ROLLED_BACK",
      production: "old",
      trigger: "smoke",
      prints: [/failed in 2 of 2 attempts/],
    },
    {
      name: `${strategy} rolled back by a regression`,
      release: "slower",
      flags: [...flags, "--rollback-on-regression"],
      edits: LATENCY_COUNTS,
      ends: "ROLLED_BACK",
      production: "old",
      trigger: "regression",
      prints: [/❌ Production regression/],
    },
  ];
});

playAll("each strategy, to success and back again by each cause", scenarios);
