import { z } from "zod";
import { Instant, Label, Sha256 } from "../vocab/index.ts";
import { LabelParameter, VersionParameter } from "./parameters.ts";
import { defineTool } from "./tool.ts";

const Output = z.object({
  verdict: z.literal("CAPTURED"),
  label: Label,
  version: z.string(),
  at: Instant,
  parts: z.array(z.object({ part: z.string(), sha256: Sha256, bytes: z.number().int() })),
  reason: z.string(),
  next: z.string(),
});

type Output = z.infer<typeof Output>;

/** Stores what later releases are compared with: test reports, or what production measures now. */
export const baselineCapture = defineTool({
  name: "baseline-capture",
  title: "Store a baseline",
  description:
    "Stores a baseline under a label: the results of test reports (`from`; needs no run or deploy.yaml), else production's metrics as they are now. Replaces what the label held.",
  input: z.object({
    label: LabelParameter,
    from: z.array(z.string().min(1)).optional().describe("report files, folders or globs"),
    version: VersionParameter.optional().describe("the version that the reports are of"),
  }),
  output: Output,
  effect: "destroy",
  openWorld: true,
  idempotent: true,
  run: async ({ label, from, version }, io): Promise<Output> => {
    const { reportNames } = await import("./reports.ts");
    const names = from && reportNames(from, io);
    const { captureBaseline } = await import("../flow/checks.ts");
    const record = await captureBaseline(await io.project(), {
      label,
      ...(names ? { from: names } : {}),
      ...(version ? { version } : {}),
      signal: io.signal,
    });
    const parts = Object.entries(record.parts).flatMap(([part, stored]) =>
      stored ? [{ part, sha256: stored.sha256, bytes: stored.size }] : [],
    );
    return {
      verdict: "CAPTURED",
      label: record.label,
      version: record.version,
      at: record.at,
      parts,
      reason: names ? "presented: the reports that were named" : "measured: what production serves now",
      next: `compare with it: regression-check, baseline ${record.label}`,
    };
  },
  text: (out) =>
    [
      `${out.verdict}: ${out.label}, version ${out.version}, ${out.at}`,
      ...out.parts.map(({ part, sha256, bytes }) => `${part}: ${bytes} bytes, sha256 ${sha256}`),
      `because: ${out.reason}`,
      `next: ${out.next}`,
    ].join("\n"),
});
