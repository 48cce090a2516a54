import { approve } from "./approve.ts";
import { archive } from "./archive.ts";
import { artifactWrite } from "./artifact-write.ts";
import { baselineCapture } from "./baseline-capture.ts";
import { deployDecide } from "./deploy-decide.ts";
import { deployExecute } from "./deploy-execute.ts";
import { deployNext } from "./deploy-next.ts";
import { deployStart } from "./deploy-start.ts";
import { gateDecision } from "./gate-decision.ts";
import { regressionCheck } from "./regression-check.ts";
import { sloMonitor } from "./slo-monitor.ts";
import { smokeTest } from "./smoke-test.ts";
import type { Tool } from "./tool.ts";

/** All tools, in the order in which a deployment meets them. Every door is made from this list. */
export const TOOLS: readonly Tool[] = [
  deployStart,
  deployNext,
  deployExecute,
  deployDecide,
  approve,
  baselineCapture,
  smokeTest,
  sloMonitor,
  regressionCheck,
  gateDecision,
  artifactWrite,
  archive,
];
