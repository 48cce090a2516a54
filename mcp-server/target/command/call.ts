import { isAbsolute, join, sep } from "node:path";
import { allowEnv, BASE_ENV, type Exit, type Ports } from "../../ports/index.ts";
import { durationMs, type Env, type Fence, messageOf, quoteValue, spanText } from "../../vocab/index.ts";
import { TargetError } from "../target.ts";
import type { Verb, VerbConfig } from "./config.ts";
import { offContract } from "./contract.ts";
import { TURN_VARIABLE } from "./turn.ts";

/** Exit code by which a command says "not now, ask again": EX_TEMPFAIL of sysexits.h. */
export const RETRY_EXIT = 75;

/** One call of one verb. */
export interface Call {
  readonly verb: Verb;
  readonly config: VerbConfig;
  /** Values of the placeholders. */
  readonly values: Readonly<Record<string, string>>;
  readonly env?: Env;
  readonly fence?: Fence;
  readonly stdin?: string;
  /** Mark of the turn under which it changes something. */
  readonly turn?: string;
  /** Told the process group as soon as there is one. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Runs a verb and returns what it printed. Throws {@link TargetError}: retryable for exit code 75, a time-out, a signal
 * and a machine that cannot start a process right now; final for every other exit code, a command that does not exist,
 * and more output than is kept. Throws the signal's reason when it aborts.
 */
export async function callVerb(site: { root: string; ports: Ports }, call: Call, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const argv = call.config.command.map((part) => filled(part, call.values));
  const capBytes = call.config.outputKb * 1024;
  let exit: Exit;
  try {
    exit = await site.ports.exec.run(argv, {
      cwd: folderOf(site, call),
      env: environmentOf(call),
      timeoutMs: durationMs(call.config.timeout),
      outputCapBytes: capBytes,
      signal,
      ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
      ...(call.onStart === undefined ? {} : { onStart: call.onStart }),
    });
  } catch (error) {
    if (error instanceof TargetError) throw error;
    throw notStarted(call, error);
  }
  signal.throwIfAborted();
  refuseFailure(call, exit);
  if (exit.droppedBytes > 0 && Buffer.byteLength(exit.stdout) >= capBytes) {
    throw offContract(call.verb, `expected at most ${call.config.outputKb} KiB on its standard output, found more`);
  }
  return exit.stdout;
}

function filled(part: string, values: Readonly<Record<string, string>>): string {
  return part.replace(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g, (written, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? written) : written,
  );
}

function environmentOf({ verb, config, env, fence, turn }: Call): Record<string, string> {
  return {
    ...allowEnv([...BASE_ENV, ...config.passEnv]),
    ...config.env,
    DEPLOY_FLOW_VERB: verb,
    ...(env === undefined ? {} : { DEPLOY_FLOW_ENV: env }),
    ...(fence === undefined ? {} : { DEPLOY_FLOW_RUN: fence.runId, DEPLOY_FLOW_EPOCH: String(fence.epoch) }),
    ...(turn === undefined ? {} : { [TURN_VARIABLE]: turn }),
  };
}

/** The folder that a command runs in; inside the project also when links are followed. */
function folderOf({ root, ports }: { root: string; ports: Ports }, { verb, config }: Call): string {
  const { cwd } = config;
  if (cwd === undefined) return root;
  const outside = (why: string) =>
    new TargetError(`target.${verb}.cwd ${quoteValue(cwd)} ${why}`, {
      retryable: false,
      next: "name a folder inside the project, relative to deploy.yaml",
    });
  if (isAbsolute(cwd) || cwd.split(/[\\/]/).includes("..")) throw outside("leads out of the project");
  let real: string;
  try {
    real = ports.disk.realpath(join(root, cwd));
  } catch {
    throw outside("does not exist");
  }
  const home = ports.disk.realpath(root);
  if (real !== home && !real.startsWith(`${home}${sep}`)) throw outside("is a link that leads out of the project");
  return real;
}

function notStarted({ verb, config }: Call, error: unknown): TargetError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const missing = ["ENOENT", "EACCES", "ENOTDIR"].includes(code);
  return new TargetError(
    `the ${verb} command ${quoteValue(config.command[0] ?? "")} cannot be started: ${messageOf(error)}`,
    {
      retryable: !missing,
      next: missing ? `install it, or correct target.${verb}.command in deploy.yaml` : "try again",
      cause: error,
    },
  );
}

function refuseFailure({ verb, config }: Call, exit: Exit): void {
  if (exit.code === 0 && !exit.timedOut) return;
  const said = lastWords(exit);
  if (exit.timedOut) {
    const limit = spanText(durationMs(config.timeout));
    throw new TargetError(`the ${verb} command was not done within ${limit} and was killed${said}`, {
      retryable: true,
      next: `find out what it waits for, or raise target.${verb}.timeout`,
    });
  }
  if (exit.code === undefined) {
    throw new TargetError(`the ${verb} command was ended by ${exit.killedBy ?? "a signal"}${said}`, {
      retryable: true,
      next: "find out who killed it, then try again",
    });
  }
  const retryable = exit.code === RETRY_EXIT;
  throw new TargetError(`the ${verb} command ended with code ${exit.code}${said}`, {
    retryable,
    next: retryable ? "try again" : `mend what it says; exit code ${RETRY_EXIT} would mean: try again`,
  });
}

const LAST_WORDS = 600;

/** The end of what it said on standard error, on one line. */
function lastWords({ stderr }: Exit): string {
  const text = stderr
    .slice(-LAST_WORDS)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return text === "" ? "" : `: ${text}`;
}
