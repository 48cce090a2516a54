import { z } from "zod";
import { Duration, durationMs } from "../../vocab/index.ts";

/** What the project's own commands are asked to do. */
export type Verb = "resolve" | "observe" | "apply" | "migrate" | "lock" | "unlock";

/** Placeholders that have a value, verb by verb. */
export const PLACEHOLDERS = {
  resolve: ["version"],
  observe: ["env"],
  apply: ["env", "run", "epoch"],
  migrate: ["env", "migration", "run", "epoch"],
  lock: ["env", "run", "epoch"],
  unlock: ["env", "run", "epoch"],
} as const satisfies Record<Verb, readonly string[]>;

/** The argument array of one verb. A placeholder without a value is refused here, not sent to the command in braces. */
function argumentArray(verb: Verb) {
  const known: readonly string[] = PLACEHOLDERS[verb];
  return z
    .array(z.string())
    .min(1)
    .superRefine((argv, context) => {
      if (argv[0] === "") context.addIssue({ code: "custom", message: "expected a program first" });
      for (const [index, argument] of argv.entries()) {
        for (const [, name = ""] of argument.matchAll(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g)) {
          if (known.includes(name)) continue;
          const message = `${verb} has no placeholder {${name}}; expected ${known.map((one) => `{${one}}`).join(", ")}`;
          context.addIssue({ code: "custom", path: [index], message });
        }
      }
    })
    .describe(
      `Argument array, no shell around it. ${known.map((one) => `{${one}}`).join(", ")} in an argument are replaced.`,
    );
}

function verbConfig(verb: Verb, timeout: Duration) {
  return z.strictObject({
    command: argumentArray(verb),
    timeout: Duration.refine((text) => !(durationMs(text) <= 0), "expected some time")
      .default(timeout)
      .describe("After this long the command is killed with everything in its process group."),
    cwd: z.string().min(1).optional().describe("Folder inside the project; default the project."),
    env: z.record(z.string(), z.string()).default({}).describe("Variables set for the command."),
    passEnv: z.array(z.string()).default([]).describe("Variables of the runner's environment that it may see."),
    outputKb: z
      .number()
      .int()
      .min(1)
      .max(65_536)
      .default(1024)
      .describe("Kibibytes that are kept of each of its outputs. An answer that is longer is refused, never cut."),
  });
}

/** `target:` of deploy.yaml for a platform that the project reaches with commands of its own. */
export const CommandConfig = z
  .strictObject({
    kind: z.literal("command"),
    production: z
      .boolean()
      .describe("True makes floors and a person's approval apply. There is no default: nobody else knows."),
    routing: z
      .enum(["per-request", "sticky", "by-replica"])
      .describe(
        "How one request finds its version: drawn anew each time, by session or connection, or by counting replicas.",
      ),
    minWeightPct: z
      .number()
      .gt(0)
      .lte(100)
      .default(1)
      .describe("Smallest share of traffic in percent that can be set; by-replica is bound by the replicas besides."),
    parallelPools: z
      .boolean()
      .default(true)
      .describe("Two versions can run side by side. Without that only a first deployment is possible."),
    instanceUrls: z
      .boolean()
      .default(true)
      .describe(
        "observe gives a URL for every instance. Without them nothing is scraped, and one version is asked by its own URL, or at the entry once it has all traffic.",
      ),
    versionUrls: z
      .boolean()
      .default(false)
      .describe("observe gives a URL for every pool, at which only its version answers. Counts without instanceUrls."),
    measuresTraffic: z
      .boolean()
      .default(false)
      .describe("observe gives the measured share of requests. Without it no minimum of requests can be asked for."),
    resolve: verbConfig("resolve", "1m"),
    observe: verbConfig("observe", "30s"),
    apply: verbConfig("apply", "10m"),
    migrate: verbConfig("migrate", "30m").optional(),
    lock: verbConfig("lock", "30s").optional(),
    unlock: verbConfig("unlock", "30s").optional(),
  })
  .refine(({ lock, unlock }) => lock !== undefined || unlock === undefined, {
    path: ["unlock"],
    message: "there is no lock to give back; expected target.lock beside it",
  });
export type CommandConfig = z.output<typeof CommandConfig>;
export type VerbConfig = CommandConfig["apply"];
