import { asks, HEALTH_ONLY, playAll, type Scenario } from "./scenario.ts";

const answer = (given: string) => ["approve", "--answer", given, "--reason", "known, ticket 4711"];

/** A regression with the flag off, answered by a person in each way, and by nobody. */
const scenarios = (["canary", "blue-green", "rolling"] as const).flatMap((strategy): Scenario[] => {
  const held = {
    release: "slower" as const,
    flags: ["--strategy", strategy, "--no-rollback-on-regression"],
    edits: [[["regressionThreshold"], 50] as const, HEALTH_ONLY],
    prints: [/The rollout is held|❌ Production regression|held/],
  };
  return [
    {
      ...held,
      name: `${strategy}: a person answers rollback`,
      person: [{ once: asks("regression"), types: answer("rollback") }],
      ends: "ROLLED_BACK",
      production: "old",
      trigger: "manual",
    },
    {
      ...held,
      name: `${strategy}: a person answers accept`,
      person: [{ once: asks("regression"), types: answer("accept") }],
      ends: "SUCCESS_RISK_ACCEPTED",
      production: "new",
    },
    {
      ...held,
      name: `${strategy}: a person investigates and then decides`,
      person: [
        { once: asks("regression"), types: answer("investigate") },
        { once: asks("regression"), times: 2, types: answer("rollback") },
      ],
      ends: "ROLLED_BACK",
      production: "old",
      trigger: "manual",
    },
    {
      ...held,
      name: `${strategy}: nobody answers`,
      edits: [...held.edits, [["waits", "decisionUnattended"], "1s"]],
      ends: "ROLLED_BACK",
      production: "old",
      trigger: "regression",
    },
  ];
});

playAll("a regression that is held for a person", scenarios);
