import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { report } from "./report.ts";

interface Demo {
  readonly ok: boolean;
  readonly seconds: number;
  readonly impact: readonly {
    version: string;
    outcome: string;
    lost: number;
    secondsFromData?: number;
    secondsToSafety?: number;
  }[];
}

/** Poll of the demo's deploy.yaml, seconds. */
const POLL_SECONDS = 0.5;

const ran = spawnSync(process.execPath, [join(process.cwd(), "dist/deploy-flow.mjs"), "demo", "--format", "json"], {
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
});
const demo = JSON.parse(ran.stdout) as Demo;
if (!demo.ok) throw new Error(`the demonstration did not end as it should: ${ran.stdout.slice(0, 2_000)}`);
const back = demo.impact.find(({ outcome }) => outcome === "ROLLED_BACK");
report({ what: "demo: three scenarios, built and installed", value: demo.seconds, unit: "s", budget: 90 });
report({
  what: "sandbox: breach visible in the data to every new request on the old version",
  value: back?.secondsFromData ?? Number.NaN,
  unit: "s",
  budget: 1 + POLL_SECONDS,
});
report({
  what: "sandbox: first bad answer to every new request on the old version",
  value: back?.secondsToSafety ?? Number.NaN,
  unit: "s",
});
report({
  what: "sandbox: requests lost during cutovers and rollback under load",
  value: demo.impact.reduce((sum, row) => sum + row.lost, 0),
  unit: "requests",
  budget: 0,
});
