import { z } from "zod";

/** A line of a person; long enough for a sentence, too short for a page. */
const Line = z.string().trim().min(1).max(300);
const MOST = 50;

const Level = z.enum(["low", "medium", "high"]);

/** A risk that somebody sees in a release. It is shown to whoever approves, and decides nothing. */
export const DeclaredRisk = z.strictObject({
  risk: Line.describe("what could happen"),
  likelihood: Level.describe("how likely"),
  impact: Level.describe("how bad"),
  mitigation: Line.describe("what is done about it"),
  owner: Line.optional().describe("who sees to it"),
});
export type DeclaredRisk = z.infer<typeof DeclaredRisk>;

/** What stays behind when traffic goes back: messages, caches, jobs, calls to others, flags. */
export const SideEffect = z.strictObject({
  what: Line.describe("what the new version leaves behind"),
  treatment: Line.describe("how it is undone, or why it can be borne"),
});
export type SideEffect = z.infer<typeof SideEffect>;

/** Section `rollback` of deploy.yaml. */
export const RollbackConfig = z.strictObject({
  sideEffects: z.array(SideEffect).max(MOST).default([]).describe("what going back does not undo by itself"),
});

/** Whom people turn to. */
export const Contact = z.strictObject({
  role: Line.describe("such as incident commander"),
  name: Line.optional().describe("a person or a rota"),
  reach: Line.describe("how to reach them at once"),
});
export type Contact = z.infer<typeof Contact>;

/** Section `escalation` of deploy.yaml: who is called when going back fails. */
export const EscalationConfig = z.strictObject({
  contacts: z.array(Contact).max(MOST).default([]).describe("in the order in which they are called"),
  channel: Line.optional().describe("where people meet while it lasts"),
});
export type Escalation = z.infer<typeof EscalationConfig>;

/** Who is to be told of a deployment by a person. */
export const Communication = z.strictObject({
  when: z.enum(["before", "during", "after", "rollback"]).describe("at which time"),
  audience: Line.describe("whom"),
  channel: Line.describe("how"),
  owner: Line.optional().describe("who sends it"),
});
export type Communication = z.infer<typeof Communication>;

/** A setting that changes with the release. Only its name: a value can be a secret, and a plan is read by many. */
export const ConfigChange = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_][\w./:-]{0,199}$/, "expected the name of a setting, without its value")
    .describe("of the setting, never its value"),
  flagDefault: z.enum(["on", "off"]).optional().describe("what a feature flag is until somebody turns it"),
});
export type ConfigChange = z.infer<typeof ConfigChange>;

/** Section `supportHandover` of deploy.yaml: who answers users' questions about the release, and from what. */
export const SupportHandover = z.strictObject({
  to: Line.describe("who answers users"),
  material: Line.describe("what they were given: notes, known issues, a briefing"),
  until: Line.optional().describe("until when those who made the release stand by"),
});
export type SupportHandover = z.infer<typeof SupportHandover>;

/** Everything that people say of a deployment and nobody measures; members are there where something is said. */
export const Declared = z.object({
  risks: z.array(DeclaredRisk).optional(),
  sideEffects: z.array(SideEffect).optional(),
  escalation: EscalationConfig.optional(),
  communication: z.array(Communication).optional(),
  configChanges: z.array(ConfigChange).optional(),
  supportHandover: SupportHandover.optional(),
});
export type Declared = z.infer<typeof Declared>;

/** What deploy.yaml declares, without what it leaves open, so that an empty section changes no hash of a plan. */
export function declaredOf(config: {
  readonly risks: DeclaredRisk[];
  readonly rollback: z.infer<typeof RollbackConfig>;
  readonly escalation: Escalation;
  readonly communication: Communication[];
  readonly configChanges: ConfigChange[];
  readonly supportHandover?: SupportHandover | undefined;
}): { declared?: Declared } {
  const { risks, rollback, escalation, communication, configChanges, supportHandover } = config;
  const declared: Declared = {
    ...(risks.length > 0 ? { risks } : {}),
    ...(rollback.sideEffects.length > 0 ? { sideEffects: rollback.sideEffects } : {}),
    ...(escalation.contacts.length > 0 || escalation.channel !== undefined ? { escalation } : {}),
    ...(communication.length > 0 ? { communication } : {}),
    ...(configChanges.length > 0 ? { configChanges } : {}),
    ...(supportHandover === undefined ? {} : { supportHandover }),
  };
  return Object.keys(declared).length > 0 ? { declared } : {};
}
