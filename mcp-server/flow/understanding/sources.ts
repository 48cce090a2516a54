import type { DeployConfig } from "../config.ts";
import type { RunParameters, Source } from "../parameters.ts";
import type { Finding } from "./finding.ts";

/** What one run was asked for and by whom, with its guidance already read. */
export interface Sources {
  readonly parameters: RunParameters;
  readonly config: DeployConfig;
  /** Dotted keys that deploy.yaml writes itself; what is not among them is a default. */
  readonly stated: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/** Whether a key of deploy.yaml is the file's own or a default. */
export function baseOf({ stated }: Sources, key: string): Source {
  return stated.has(key) ? "deploy.yaml" : "default";
}
