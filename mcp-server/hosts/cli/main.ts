import { resolve } from "node:path";
import { z } from "zod";
import type { Ports } from "../../ports/index.ts";
import { PROGRAM_VERSION } from "../../tools/version.ts";
import { EXIT, type ExitCode, quoteValue } from "../../vocab/index.ts";
import { nearest } from "../../vocab/nearest.ts";
import { findRoot } from "../root.ts";
import type { Command, CommandIo } from "./command.ts";
import { COMMAND_GROUPS, COMMANDS } from "./commands.ts";
import { type Flag, flagsOf, readFlags, usage } from "./flags.ts";
import { commandHelp, overallHelp, wordOf } from "./help.ts";
import { type Format, type Terminal, writeError } from "./output.ts";

/** What the program was started with. */
export interface Invocation {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly ports: Ports;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Flags that every command has. */
const Global = z.object({
  project: z.string().min(1).optional(),
  format: z.enum(["text", "json"]).default("text"),
  help: z.boolean().default(false),
});
const GLOBAL_KEYS = new Set(Object.keys(Global.shape));

/** Runs one command line and returns its exit code. Never throws: an error is written and has a code of its own. */
export async function runCommandLine(call: Invocation): Promise<ExitCode> {
  const [name, ...words] = call.words;
  // Found before anything is checked, so that even a wrong command line answers in the format that it asks for.
  const format: Format = asksForJson(call.words) ? "json" : "text";
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      call.terminal.out(helpFor(name === "help" ? words[0] : undefined));
      return name === undefined ? EXIT.usage : EXIT.ok;
    }
    if (name === "--version" || name === "-v") {
      call.terminal.out(`${PROGRAM_VERSION}\n`);
      return EXIT.ok;
    }
    return await runNamed(findCommand(name), words, call);
  } catch (error) {
    if (call.signal.aborted && isAbort(error)) return EXIT.interrupted;
    return writeError(call.terminal, format, error);
  }
}

async function runNamed(command: Command, words: readonly string[], call: Invocation): Promise<ExitCode> {
  if (words.includes("--help") || words.includes("-h")) {
    call.terminal.out(commandHelp(command));
    return EXIT.ok;
  }
  const own = flagsOf(command.input);
  const values = readFlags(words, [...own, ...flagsOf(Global)], command.positionals, command.name);
  const global = checked(
    Global,
    only(values, (key) => GLOBAL_KEYS.has(key)),
    flagsOf(Global),
    command,
  );
  const args = checked(
    command.input,
    only(values, (key) => !GLOBAL_KEYS.has(key)),
    own,
    command,
  );
  const io: CommandIo = {
    root: command.startsProject
      ? resolve(call.cwd, global.project ?? ".")
      : findRoot(call.ports.disk, global.project, call.cwd),
    cwd: call.cwd,
    ports: call.ports,
    terminal: call.terminal,
    format: global.format,
    signal: call.signal,
  };
  return command.run(args, io);
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((known) => known.name === name);
  if (command) return command;
  const close = nearest(
    name,
    COMMANDS.filter((known) => !known.hidden).map((known) => known.name),
  );
  const shown = /^[\w-]{1,40}$/.test(name) ? name : quoteValue(name, 40);
  throw usage(`unknown command ${shown}${close ? `; did you mean ${close}?` : ""}`, "");
}

function helpFor(name: string | undefined): string {
  return name === undefined ? overallHelp(COMMAND_GROUPS, PROGRAM_VERSION) : commandHelp(findCommand(name));
}

function only(values: Record<string, unknown>, wanted: (key: string) => boolean): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => wanted(key)));
}

/** The arguments as their schema makes them; a refusal names the flag as it is written. */
function checked<T extends z.ZodObject>(
  schema: T,
  values: Record<string, unknown>,
  flags: readonly Flag[],
  command: Command,
): z.output<T> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = String(issue?.path[0] ?? "");
  const flag = flags.find((known) => known.key === key);
  const word = command.positionals.includes(key) ? `${wordOf(key)}, as a word or ` : "";
  const shown = flag ? `${word}--${flag.name}` : key;
  if (values[key] === undefined) throw usage(`${shown} is required`, command.name);
  throw usage(`${shown}: ${issue?.message ?? "not accepted"}`, command.name, quoteValue(values[key]));
}

function asksForJson(words: readonly string[]): boolean {
  return words.some((word, index) => word === "--format=json" || (word === "--format" && words[index + 1] === "json"));
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}
