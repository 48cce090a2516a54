import { basename } from "node:path";
import type { Ports } from "../../ports/index.ts";
import { FlowError } from "../../vocab/index.ts";
import { parseDeployConfig } from "../config-file.ts";
import { findIn } from "./find.ts";
import type { Findings } from "./findings.ts";
import { readProjectFiles } from "./look.ts";
import { measureService } from "./measure.ts";
import type { Measured } from "./measured.ts";
import type { Proposal, TargetChoice } from "./proposal.ts";
import { propose, targetFor } from "./propose.ts";

export type { Findings } from "./findings.ts";
export type { Measured } from "./measured.ts";
export type { Proposal, TargetChoice } from "./proposal.ts";

export interface InitWith {
  /** Folder of the project, absolute. */
  readonly root: string;
  readonly ports: Pick<Ports, "disk" | "http" | "clock">;
  readonly target: TargetChoice | "auto";
  /** Where the service runs now; absent: nothing is measured. */
  readonly url: string | undefined;
  readonly seconds: number;
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

/** What was seen and measured, and the deploy.yaml that follows from it. */
export interface FirstConfig {
  readonly findings: Findings;
  readonly measured: Measured | undefined;
  readonly proposal: Proposal;
}

/** Looks at a project and proposes its deploy.yaml. Reads and asks only; writes nothing. */
export async function firstConfig(o: InitWith): Promise<FirstConfig> {
  const findings = findIn(readProjectFiles(o.ports.disk, o.root), basename(o.root));
  const measured =
    o.url === undefined
      ? undefined
      : await measureService({
          ports: o.ports,
          url: o.url,
          seconds: o.seconds,
          paths: o.paths,
          healthPath: findings.healthPath?.value,
          metricsPath: findings.metrics?.value.path ?? findings.metricsPath?.value,
          signal: o.signal,
        });
  const proposal = propose(findings, measured, o.target === "auto" ? targetFor(findings) : o.target);
  refuseUnreadable(proposal);
  return { findings, measured, proposal };
}

/** What cannot be read back must not be written. */
function refuseUnreadable({ text }: Proposal): void {
  try {
    parseDeployConfig(text, "deploy.yaml");
  } catch (error) {
    throw new FlowError({
      code: "internal",
      what: "the proposed deploy.yaml would not be accepted, so it was not written",
      ...(error instanceof FlowError ? { found: error.message.slice(0, 500) } : {}),
      next: "start from the example in docs/deploy-yaml.md, and report this",
      cause: error,
    });
  }
}
