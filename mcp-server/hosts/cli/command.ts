import type { z } from "zod";
import type { Ports } from "../../ports/index.ts";
import type { ExitCode } from "../../vocab/index.ts";
import type { Format, Terminal } from "./output.ts";

/** What a command works with besides its arguments. */
export interface CommandIo {
  /** Project folder, absolute. */
  readonly root: string;
  readonly cwd: string;
  readonly ports: Ports;
  readonly terminal: Terminal;
  readonly format: Format;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** One command of the command line. */
export interface Command<I extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly summary: string;
  /** A few words for the list of all commands; the summary's first sentence when absent. */
  readonly title?: string;
  readonly input: I;
  readonly positionals: readonly string[];
  /** Started by the program itself, not by people; left out of the help. */
  readonly hidden?: true;
  /** Works on the folder where we are (or that is named), not on the nearest project upwards. */
  readonly startsProject?: true;
  run(args: z.output<I>, io: CommandIo): Promise<ExitCode>;
}

/** Checks a command's types and gives it the common one. */
export function defineCommand<I extends z.ZodObject>(command: Command<I>): Command {
  return command as unknown as Command;
}
