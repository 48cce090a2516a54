import { z } from "zod";
import { quoteValue } from "../../../vocab/index.ts";

/** Buckets of a native histogram as the API gives them: boundary rule, bounds, count. Only those that hold something. */
export interface NativeBuckets {
  readonly buckets: readonly { readonly lo: number; readonly hi: number; readonly count: number }[];
  readonly count: number;
}

/** One scraped sample: seconds of the server's clock, and a number or a native histogram. */
export type Point = { readonly t: number } & ({ readonly value: number } | { readonly native: NativeBuckets });

/** One series of an answer; its points ascend in time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

/** An answer, or in one sentence why it is none. Texts of the server are quoted and cut. */
export type Answer = { readonly series: readonly Series[] } | { readonly failure: string };

const NumberText = z.string().transform((text, context) => {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  context.addIssue({ code: "custom", message: "not a number" });
  return z.NEVER;
});
const Sample = z.tuple([z.number(), NumberText]);
const NativeSample = z.tuple([
  z.number(),
  z.object({
    count: NumberText,
    buckets: z.array(z.tuple([z.number(), NumberText, NumberText, NumberText])).default([]),
  }),
]);
const Row = z.object({
  metric: z.record(z.string(), z.string()),
  value: Sample.optional(),
  values: z.array(Sample).optional(),
  histogram: NativeSample.optional(),
  histograms: z.array(NativeSample).optional(),
});
const Body = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.discriminatedUnion("resultType", [
      z.object({ resultType: z.enum(["vector", "matrix"]), result: z.array(Row) }),
      z.object({ resultType: z.literal("scalar"), result: Sample }),
    ]),
    warnings: z.array(z.string()).optional(),
  }),
  z.object({ status: z.literal("error"), errorType: z.string().optional(), error: z.string().optional() }),
]);

/**
 * Reads an answer of `/api/v1/query` or `/api/v1/query_range`. A warning says that the server could not ask all of its
 * stores: what it found then is a part, which must not be taken for the whole.
 */
export function readAnswer(status: number, text: string): Answer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { failure: `the server answered with status ${status} and no JSON: ${quoteValue(text, 80)}` };
  }
  const body = Body.safeParse(json);
  if (!body.success) {
    const [issue] = body.error.issues;
    const place = issue?.path.join(".") ?? "";
    return { failure: `the server answered with status ${status} and no Prometheus result (${quoteValue(place, 60)})` };
  }
  if (body.data.status === "error") {
    const { errorType = "error", error = "" } = body.data;
    return {
      failure: `the server answered with status ${status}, ${quoteValue(errorType, 40)}: ${quoteValue(error, 200)}`,
    };
  }
  if (status !== 200) return { failure: `the server answered with status ${status}` };
  const [warning] = body.data.warnings ?? [];
  if (warning !== undefined)
    return { failure: `the answer is incomplete, the server warns: ${quoteValue(warning, 160)}` };
  const { data } = body.data;
  if (data.resultType === "scalar") {
    const [t, value] = data.result;
    return { series: [{ labels: {}, points: [{ t, value }] }] };
  }
  return { series: data.result.map((row) => ({ labels: row.metric, points: pointsOf(row) })) };
}

function pointsOf(row: z.infer<typeof Row>): Point[] {
  const plain = [...(row.values ?? []), ...(row.value ? [row.value] : [])];
  const native = [...(row.histograms ?? []), ...(row.histogram ? [row.histogram] : [])];
  const points: Point[] = [
    ...plain.map(([t, value]) => ({ t, value })),
    ...native.map(([t, { count, buckets }]) => ({
      t,
      native: { count, buckets: buckets.map(([, lo, hi, inside]) => ({ lo, hi, count: inside })) },
    })),
  ];
  return points.sort((a, b) => a.t - b.t);
}
