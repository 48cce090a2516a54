import { join } from "node:path";
import { z } from "zod";
import type { Exit } from "../../ports/index.ts";
import { type Duration, durationMs, messageOf, sha256 } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { type CheckWorld, type Finding, fail, pass, restingOn, unknown } from "./finding.ts";

/** The parts of a check that say how its command is run. */
export interface CommandParts {
  readonly id: string;
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly timeout: Duration;
  readonly env: Readonly<Record<string, string>>;
  readonly passEnv: readonly string[];
}

/** Shells and `env` use these for a command that was not found or cannot be run. */
const COULD_NOT_RUN = 126;

/** Runs the command of a check in the project; undefined code and a reason when it could not be started. */
export async function runCommand(
  check: CommandParts,
  world: CheckWorld,
  signal: AbortSignal,
  outputCapBytes = 64 * 1024,
): Promise<Exit | { problem: string }> {
  const values = { version: world.version, previousVersion: world.previousVersion, digest: world.digest };
  const argv = check.command.map((part) => fillPlaceholders(part, values, `readiness.checks ${check.id}`));
  try {
    const exit = await world.exec.run(argv, {
      cwd: check.cwd === undefined ? world.root : join(world.inside(check.cwd)),
      env: { ...world.env(check.passEnv), ...check.env },
      timeoutMs: durationMs(check.timeout),
      outputCapBytes,
      signal,
    });
    signal.throwIfAborted();
    if (exit.timedOut) return { problem: `the command ran into its timeout of ${check.timeout}` };
    if (exit.code === undefined) return { problem: `the command was ended by ${exit.killedBy ?? "a signal"}` };
    return exit;
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `the command could not be started: ${world.redact(messageOf(error), 200)}` };
  }
}

/** What a command left, as it is stored and judged. */
export const CommandFacts = z.object({
  code: z.number().int(),
  /** The last line that it said. */
  said: z.string(),
  stdout: z.string(),
  stderr: z.string(),
  droppedBytes: z.number().int(),
});
type CommandFacts = z.infer<typeof CommandFacts>;

/** Runs a command and judges how it ended; one that could not be run, was killed or ran out of time says nothing. */
export async function checkCommand(check: CommandParts, world: CheckWorld, signal: AbortSignal): Promise<Finding> {
  const exit = await runCommand(check, world, signal);
  if ("problem" in exit) return unknown(exit.problem);
  const facts: CommandFacts = {
    code: exit.code ?? COULD_NOT_RUN,
    said: world.redact(lastLine(exit.stderr) || lastLine(exit.stdout), 200),
    stdout: world.redact(exit.stdout),
    stderr: world.redact(exit.stderr),
    droppedBytes: exit.droppedBytes,
  };
  const rawSha256 = sha256(`${exit.stdout}\n${exit.stderr}`);
  return restingOn(judgeCommand(facts), check.id, { rawSha256, stored: facts, origin: "executed" });
}

/** Exit code 0 passes, any other fails. */
export function judgeCommand({ code, said }: CommandFacts): Finding {
  if (code === 0) return pass("the command ended with code 0");
  if (code >= COULD_NOT_RUN) return unknown(`the command could not do its work: code ${code}`);
  return fail(`the command ended with code ${code}${said ? `: ${said}` : ""}`);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
