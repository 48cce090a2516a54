import { FlowError } from "../../vocab/index.ts";
import { checkCommand } from "./command.ts";
import type { ReadinessCheck } from "./config.ts";
import { type CheckWorld, type Finding, unknown } from "./finding.ts";
import { checkMetric } from "./metric.ts";
import { checkNpmAudit } from "./npm-audit.ts";
import { checkFile, checkHttp } from "./probe.ts";
import { checkSarif } from "./sarif.ts";
import { checkTests } from "./suites.ts";

/** A check that a machine makes; people and agents are asked by the run. */
export type MachineCheck = Exclude<ReadinessCheck, { kind: "attestation" | "finding" }>;

/** Makes one check. Resolves for everything that can be wrong with what is checked; rejects only when `signal` aborts. */
export async function runCheck(check: MachineCheck, world: CheckWorld, signal: AbortSignal): Promise<Finding> {
  try {
    return await made(check, world, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FlowError) return unknown(world.redact(error.message, 300));
    return unknown("the check could not be made");
  }
}

function made(check: MachineCheck, world: CheckWorld, signal: AbortSignal): Promise<Finding> | Finding {
  switch (check.kind) {
    case "command":
      return checkCommand(check, world, signal);
    case "http":
      return checkHttp(check, world, signal);
    case "file":
      return checkFile(check, world);
    case "tests":
      return checkTests(check, world);
    case "sarif":
      return checkSarif(check, world);
    case "npm-audit":
      return checkNpmAudit(check, world, signal);
    case "metric":
      return checkMetric(check, world, signal);
    default:
      return check satisfies never;
  }
}
