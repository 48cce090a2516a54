import { z } from "zod";
import { Duration } from "../vocab/index.ts";
import { CommandConfig } from "./command/config.ts";

/** One environment of the sandbox. */
export const SandboxEnvironment = z.strictObject({
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe(
      "Port of the proxy on 127.0.0.1. 0: any free one, kept for as long as the project has its sandbox state.",
    ),
});

/** `target:` of deploy.yaml for the sandbox: real service processes on this machine behind a real weighted proxy. */
export const SandboxConfig = z.strictObject({
  kind: z.literal("sandbox"),
  production: z
    .boolean()
    .default(false)
    .describe("True makes floors and a person's approval apply, as they would with real users."),
  artifact: z
    .string()
    .min(1)
    .describe(
      "Folder of one version, relative to the project; {version} is replaced. Its digest covers names, modes and bytes of its files.",
    ),
  command: z
    .array(z.string())
    .min(1)
    .describe(
      "Argument array that starts the service itself (no shell around it), in the artifact's folder. {artifact} and {version} are replaced. It has to listen on HOST:PORT.",
    ),
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe("Further environment variables, beside PORT, HOST, VERSION, DEPLOY_ENV and INSTANCE_ID."),
  healthPath: z
    .string()
    .startsWith("/")
    .default("/healthz")
    .describe("Path that answers 200 when an instance is ready."),
  startTimeout: Duration.default("10s").describe("An instance that is not ready after this long has failed to start."),
  drainTimeout: Duration.default("5s").describe(
    "How long requests in flight may go on after an instance was taken out of traffic, and how long it may take to end after SIGTERM.",
  ),
  memoryLimitMb: z
    .number()
    .positive()
    .default(512)
    .describe(
      "Resident memory in MiB above which an instance is killed, counted as an out-of-memory kill and restarted.",
    ),
  migrate: z
    .strictObject({
      command: z
        .array(z.string())
        .min(1)
        .describe(
          "Argument array that runs one migration in one environment, in the project's folder; {migration} and {env} are replaced. Exit code 0: it is applied. It may be cut off and run again.",
        ),
      timeout: Duration.default("30m").describe("A migration that is not over by then is ended and has failed."),
      env: z.record(z.string(), z.string()).default({}).describe("Variables set for the command."),
      passEnv: z.array(z.string()).default([]).describe("Variables of the runner's environment that it may see."),
    })
    .optional()
    .describe("Runs the migrations of a release. Without it a release that brings some is refused."),
  environments: z
    .strictObject({ staging: SandboxEnvironment.optional(), production: SandboxEnvironment.optional() })
    .describe("The environments that exist, each with a proxy of its own."),
});
export type SandboxConfig = z.output<typeof SandboxConfig>;

/** The `target:` section of deploy.yaml: one shape per kind of target. */
export const TargetConfig = z.discriminatedUnion("kind", [SandboxConfig, CommandConfig]);
export type TargetConfig = z.output<typeof TargetConfig>;
