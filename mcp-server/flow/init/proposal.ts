/** Where versions shall run. */
export type TargetChoice = "sandbox" | "kubernetes";

/** One value of the proposed deploy.yaml and where it is from. */
export interface ProposedKey {
  readonly key: string;
  readonly value: unknown;
  readonly from: string;
}

/** Something that was looked for and not found. */
export interface Missing {
  readonly key: string;
  readonly next: string;
}

export interface Proposal {
  readonly target: TargetChoice;
  readonly text: string;
  readonly taken: readonly ProposedKey[];
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
}

/** Notes each value that is taken and each that is lacking, and gives the remark that stands beside it. */
export interface Say {
  readonly take: (key: string, value: unknown, from: string) => string;
  readonly lack: (key: string, next: string) => string;
}
