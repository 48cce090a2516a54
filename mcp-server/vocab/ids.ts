import { z } from "zod";

/** Lower-case hexadecimal SHA-256 of some bytes. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal characters")
  .brand<"Sha256">();
export type Sha256 = z.infer<typeof Sha256>;

/** Content address of a deployable artifact, as registries write it: `sha256:<hex>`. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256:<64 hexadecimal characters>")
  .brand<"Digest">();
export type Digest = z.infer<typeof Digest>;

/**
 * A released version. One path segment by construction: no slash, no `..`, at most 64 characters. `latest` names
 * no version and is refused. The rule is one pattern without refinements so that it survives in JSON Schema.
 */
export const Version = z
  .string()
  .regex(
    /^(?!latest$)(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/,
    "expected a real version such as 2.4.0: a letter or digit, then up to 63 of A-Z a-z 0-9 . _ + -, without '..', and not 'latest'",
  )
  .brand<"Version">();
export type Version = z.infer<typeof Version>;

/** `dpl-YYYYMMDDTHHMMSSZ-<6 hexadecimal>`: sorts by start, unique by its random tail. */
export const RunId = z
  .string()
  .regex(/^dpl-\d{8}T\d{6}Z-[0-9a-f]{6}$/, "expected dpl-YYYYMMDDTHHMMSSZ-xxxxxx")
  .brand<"RunId">();
export type RunId = z.infer<typeof RunId>;

/** Name of an incident in whatever system people keep them; nobody makes one up here. */
export const IncidentId = z.string().regex(/^[\w.:/#-]{1,80}$/, "expected the id of an incident, such as INC-123");
export type IncidentId = z.infer<typeof IncidentId>;

/** Names one journalled effect, wait or question of a run, e.g. `canary/stage-2/shift`. Unique within the run. */
export const StepKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9./-]{0,95}$/, "expected lower-case words joined by / or -")
  .brand<"StepKey">();
export type StepKey = z.infer<typeof StepKey>;

/** Names a stored baseline, e.g. `production`, `production-pre-deploy`. */
export const Label = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "expected lower-case letters, digits and dashes")
  .brand<"Label">();
export type Label = z.infer<typeof Label>;

/** Names a metric, e.g. `error-rate`, `latency-p99`. */
export const MetricId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, "expected lower-case letters, digits, dots and dashes")
  .brand<"MetricId">();
export type MetricId = z.infer<typeof MetricId>;

/** Where a version runs. */
export const Env = z.enum(["staging", "production"]);
export type Env = z.infer<typeof Env>;

/** Importance of a test, smoke check or journey. P0 and P1 are never covered by a threshold. */
export const Priority = z.enum(["P0", "P1", "P2", "P3"]);
export type Priority = z.infer<typeof Priority>;

/** Which side of a comparison a measurement belongs to. */
export const Arm = z.enum(["baseline", "candidate"]);
export type Arm = z.infer<typeof Arm>;
