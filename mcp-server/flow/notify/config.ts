import { z } from "zod";
import { Duration } from "../../vocab/index.ts";

/** What people are told about while it happens. */
export const NotifyOn = z.enum(["awaiting-decision", "rollback-started", "rollback-failed", "outcome"]);
export type NotifyOn = z.infer<typeof NotifyOn>;

const Common = {
  on: z
    .array(NotifyOn)
    .min(1)
    .default(["awaiting-decision", "rollback-started", "rollback-failed", "outcome"])
    .describe("which of them; all when not given"),
  timeout: Duration.default("10s").describe("for one message; at most 30s"),
};
const Variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, "expected the name of an environment variable");

/** What a command of a receiver may contain in braces. */
export const PLACEHOLDERS = ["kind", "service", "version", "run", "outcome"] as const;

/** A command that gets the message as JSON on its standard input. */
export const NotifyCommand = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .describe("argument array, no shell; {kind}, {service}, {version}, {run} and {outcome} are replaced"),
  passEnv: z.array(Variable).default([]).describe("variables of the runner that the command may see"),
  ...Common,
});

/** An address that gets the message as JSON by POST. */
export const NotifyWebhook = z.strictObject({
  webhook: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("address, where it is no secret"),
  webhookFrom: Variable.optional().describe("environment variable that holds the address, where it is one"),
  headersFrom: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/), Variable)
    .default({})
    .describe("header: environment variable that holds its value"),
  ...Common,
});

/** One receiver of messages. */
export const Receiver = z.union([NotifyCommand, NotifyWebhook]);
export type Receiver = z.infer<typeof Receiver>;

/** Section `notify` of deploy.yaml. */
export const NotifyConfig = z.array(Receiver).max(20).default([]);
