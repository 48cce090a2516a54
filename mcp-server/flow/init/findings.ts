/** A value with the place that it was taken from, in words that stand in a comment. */
export interface Found<T> {
  readonly value: T;
  readonly from: string;
}

/** Names on a metrics page that fit what is judged. */
export interface MetricNames {
  readonly path: string;
  readonly requests: { readonly name: string; readonly label: string };
  readonly latency?: { readonly name: string; readonly unit: "s" | "ms" };
  /** Label and value of the health checks, which are nobody's requests; `unknown` where no label names a path. */
  readonly health?: { readonly label: string; readonly value: string } | "unknown";
}

/** `metrics.ignore` for the health checks; its pattern is of the whole value. */
export function ignoredOf(health: MetricNames["health"]): { label: string; matches: string } | undefined {
  if (health === undefined || health === "unknown") return undefined;
  return { label: health.label, matches: health.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") };
}

/** A Deployment with what surrounds it. */
export interface KubernetesService {
  readonly name: string;
  readonly image?: string;
  readonly port?: number;
  readonly replicas?: number;
  readonly healthPath?: string;
  /** Whether its pods are labelled `app` and `version`, as one Deployment per version needs. */
  readonly isVersioned: boolean;
}

/** What a look at a project's files gave. Absent: not found. */
export interface Findings {
  readonly name: Found<string>;
  readonly version?: Found<string>;
  /** Argument array that starts the service. */
  readonly start?: Found<readonly string[]>;
  /** Argument array that runs the tests and writes `{report}`. */
  readonly tests?: Found<readonly string[]>;
  /** Report files that are there. */
  readonly reports?: Found<readonly string[]>;
  readonly healthPath?: Found<string>;
  readonly metricsPath?: Found<string>;
  readonly metrics?: Found<MetricNames>;
  /** A page that users come to. */
  readonly page?: Found<string>;
  /** That the source reads PORT from its environment. */
  readonly readsPort?: Found<true>;
  readonly containerPort?: Found<number>;
  readonly load?: Found<readonly string[]>;
  readonly kubernetes?: Found<KubernetesService>;
  /** Files that were seen and say something, but give no value. */
  readonly notes: readonly string[];
}

/** Texts of a project's files by their path, with `/`. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** A piece of what one file says. */
export type Piece = Partial<Omit<Findings, "notes">> & { readonly notes?: readonly string[] };
