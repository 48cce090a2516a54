import { z } from "zod";
import { Actor, Instant } from "../../vocab/index.ts";

/** A value already put into words and units by the flow; null is shown as unknown. */
export const Text = z.string().nullable();

/** A span in milliseconds; null is unknown. */
export const SpanMs = z.number().min(0).nullable();

/** A moment that may not have come. */
export const Moment = Instant.nullable();

/** One line of a two-column table. */
export const Fact = z.object({ name: z.string(), value: Text });
export type Fact = z.infer<typeof Fact>;

/** One condition that was looked at. */
export const Check = z.object({ name: z.string(), status: z.string(), detail: Text });
export type Check = z.infer<typeof Check>;

/** One metric against what it was and what it may be. Values carry their units. */
export const MetricRow = z.object({
  metric: z.string(),
  baseline: Text,
  current: Text,
  change: Text,
  /** The limit or target that applied. */
  limit: Text,
  samples: Text,
  status: z.string(),
});
export type MetricRow = z.infer<typeof MetricRow>;

/** One thing that happened. */
export const EventRow = z.object({ at: Instant, actor: z.string(), what: z.string(), detail: Text });
export type EventRow = z.infer<typeof EventRow>;

/** Where requests were sent, and where they were measured to go. */
export const ShareRow = z.object({
  version: z.string(),
  instances: z.number().int().nullable(),
  wantedPct: z.number().nullable(),
  measuredPct: z.number().nullable(),
  requests: z.number().nullable(),
});
export type ShareRow = z.infer<typeof ShareRow>;

/** One instance as read back from the platform. */
export const InstanceRow = z.object({
  id: z.string(),
  version: z.string(),
  state: z.string(),
  restarts: z.number().int(),
  oomKills: z.number().int(),
  crashes: z.number().int(),
});
export type InstanceRow = z.infer<typeof InstanceRow>;

/** Smoke checks of one group. */
export const SmokeGroupRow = z.object({ group: z.string(), passed: z.number().int(), total: z.number().int() });
export type SmokeGroupRow = z.infer<typeof SmokeGroupRow>;

/** One user journey: how often it completed before the deployment and now. */
export const JourneyRow = z.object({
  id: z.string(),
  priority: z.string(),
  baseline: Text,
  candidate: Text,
  status: z.string(),
});
export type JourneyRow = z.infer<typeof JourneyRow>;

/** One person's word. Without a name it is rendered as unsigned, never filled in. */
export const SignOff = z.object({ role: z.string(), person: z.string().nullable(), way: Text, at: Moment });
export type SignOff = z.infer<typeof SignOff>;

/** Somebody to turn to, as declared. */
export const Contact = z.object({ role: z.string(), name: z.string(), reach: z.string() });
export type Contact = z.infer<typeof Contact>;

/** What going back leaves behind, and how that is undone or borne; as declared. */
export const SideEffect = z.object({ what: z.string(), treatment: z.string() });
export type SideEffect = z.infer<typeof SideEffect>;

/** Whom a person tells, when, and how; as declared. */
export const Tell = z.object({ when: z.string(), audience: z.string(), channel: z.string(), owner: Text });
export type Tell = z.infer<typeof Tell>;

/** What an agent or a person wrote about this; quoted as theirs. */
export const Advice = z.object({ from: Actor, at: Instant, text: z.string() });
export type Advice = z.infer<typeof Advice>;

/** A document that the report refers to. */
export const Reference = z.object({ name: z.string(), path: z.string() });
export type Reference = z.infer<typeof Reference>;

/** Lists that may be empty need not be given. */
export const list = <T extends z.ZodType>(item: T) => z.array(item).default([]);
