import { join } from "node:path";
import type { Exit } from "../../ports/index.ts";
import { type Duration, durationMs, messageOf, sha256 } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { type CheckWorld, type Finding, type FoundEvidence, fail, pass, unknown } from "./finding.ts";

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

/** Exit code 0 passes, any other fails; a command that could not be run, was killed or ran out of time says nothing. */
export async function checkCommand(check: CommandParts, world: CheckWorld, signal: AbortSignal): Promise<Finding> {
  const exit = await runCommand(check, world, signal);
  if ("problem" in exit) return unknown(exit.problem);
  const evidence = [outputOf(check.id, exit, world)];
  if (exit.code === 0) return pass("the command ended with code 0", { evidence });
  if ((exit.code ?? COULD_NOT_RUN) >= COULD_NOT_RUN)
    return unknown(`the command could not do its work: code ${exit.code}`, { evidence });
  const said = world.redact(lastLine(exit.stderr) || lastLine(exit.stdout), 200);
  return fail(`the command ended with code ${exit.code}${said ? `: ${said}` : ""}`, { evidence });
}

function outputOf(id: string, exit: Exit, world: CheckWorld): FoundEvidence {
  return {
    name: `readiness/${id}`,
    rawSha256: sha256(`${exit.stdout}\n${exit.stderr}`),
    stored: {
      code: exit.code ?? null,
      stdout: world.redact(exit.stdout),
      stderr: world.redact(exit.stderr),
      droppedBytes: exit.droppedBytes,
    },
    origin: "executed",
  };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
