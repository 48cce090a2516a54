import { ERROR_EXIT, EXIT, type ExitCode, FlowError, messageOf, whereText } from "../../vocab/index.ts";

/** Where a command writes; a test gives its own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Asks the person for one line. Only where {@link isTty}. */
  ask(prompt: string, signal: AbortSignal): Promise<string>;
  /** A person sees `out`, and can type. */
  readonly isTty: boolean;
  /** Escape sequences for colours may be written. */
  readonly colours: boolean;
  readonly columns: number;
}

/** The terminal of this process. Colours only where a person looks and has not declined them (no-color.org). */
export function processTerminal(): Terminal {
  const isTty = process.stdout.isTTY === true && process.stdin.isTTY === true;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    ask: askLine,
    isTty,
    colours: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb",
    columns: process.stdout.columns || 100,
  };
}

async function askLine(prompt: string, signal: AbortSignal): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(prompt, { signal })).trim();
  } finally {
    lines.close();
  }
}

export type Format = "text" | "json";

/** Writes a result: JSON or the text that says the same. */
export function writeResult(terminal: Terminal, format: Format, value: unknown, text: string): void {
  terminal.out(format === "json" ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
}

/** Writes an error for whoever asked (JSON to where the result was expected) and returns the exit code. */
export function writeError(terminal: Terminal, format: Format, error: unknown): ExitCode {
  const flow = error instanceof FlowError ? error : internal(error);
  if (format === "json") {
    const { code, what, expected, found, where, next } = flow;
    terminal.out(`${JSON.stringify({ error: { code, what, expected, found, where, next } }, null, 2)}\n`);
  } else {
    terminal.err(`${errorLines(flow).join("\n")}\n`);
  }
  return ERROR_EXIT[flow.code] ?? EXIT.internal;
}

/** An error as people read it: what, expected, found, where, next step. */
export function errorLines(error: FlowError): string[] {
  const place = whereText(error.where);
  return [
    `error: ${error.what}`,
    error.expected === undefined ? "" : `  expected  ${error.expected}`,
    error.found === undefined ? "" : `  found     ${error.found}`,
    place === "" ? "" : `  where     ${place}`,
    `  next      ${error.next}`,
  ].filter(Boolean);
}

/** Something that nobody foresaw. Its stack is shown only to who asks for it. */
function internal(error: unknown): FlowError {
  if (process.env.DEPLOY_FLOW_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return new FlowError({
    code: "internal",
    what: "something unforeseen went wrong",
    found: messageOf(error).slice(0, 500),
    next: "run it again with DEPLOY_FLOW_DEBUG=1 and report what it prints",
    cause: error,
  });
}
