import { z } from "zod";
import { MetricId, type MetricSpec } from "../../vocab/index.ts";

const LabelMatch = z.strictObject({
  label: z.string().min(1).describe("name of the label"),
  matches: z.string().min(1).max(500).describe("regular expression, matched against the whole value"),
});
const About = {
  id: MetricId,
  unit: z.string().min(1).describe("for people: orders, EUR, MB"),
  direction: z.enum(["lower-is-better", "higher-is-better"]),
};

/** A further series of the service: any counter, gauge or histogram that its instances publish. */
export const ExtraSeries = z.discriminatedUnion("kind", [
  z.strictObject({
    ...About,
    kind: z.literal("ratio").describe("share of a counter's events, e.g. declined payments of all payments"),
    name: z.string().min(1).describe("counter of the opportunities"),
    events: LabelMatch.describe("which of them are the events"),
  }),
  z.strictObject({
    ...About,
    kind: z.literal("rate").describe("events per second and share of traffic, e.g. orders"),
    name: z.string().min(1).describe("counter of the events"),
    where: LabelMatch.optional().describe("which of them count"),
  }),
  z.strictObject({
    ...About,
    kind: z.literal("gauge").describe("a value that goes up and down, as the mean over the instances"),
    name: z.string().min(1),
    where: LabelMatch.optional(),
  }),
  z.strictObject({
    ...About,
    kind: z.literal("distribution").describe("a histogram, judged by a quantile"),
    name: z.string().min(1).describe("without _bucket"),
    where: LabelMatch.optional(),
  }),
]);
export type ExtraSeries = z.infer<typeof ExtraSeries>;

/** What a further series measures. */
export function extraSpec({ id, kind, unit, direction }: ExtraSeries): MetricSpec {
  return { id, kind, unit, direction };
}
