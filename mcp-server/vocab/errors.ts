import { EXIT, type ExitCode } from "./outcome.ts";

/** What kind of thing went wrong; each maps to one exit code. */
export const ERROR_EXIT = {
  usage: EXIT.usage,
  config: EXIT.usage,
  unreadable: EXIT.unreadable,
  conflict: EXIT.usage,
  refused: EXIT.usage,
  target: EXIT.internal,
  damaged: EXIT.unreadable,
  internal: EXIT.internal,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof ERROR_EXIT;

/** Where a problem sits, as far as it is known. */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly key?: string;
}

export interface FlowErrorParts {
  readonly code: ErrorCode;
  /** One sentence: what is wrong. Carries no untrusted text. */
  readonly what: string;
  readonly expected?: string;
  readonly found?: string;
  readonly where?: Where;
  /** The next step for whoever reads this. */
  readonly next: string;
  readonly cause?: unknown;
}

/** The error that users see: what was expected, what was found, where, and what to do next. */
export class FlowError extends Error {
  readonly code: ErrorCode;
  readonly what: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly where: Where | undefined;
  readonly next: string;

  constructor(parts: FlowErrorParts) {
    super(errorText(parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = "FlowError";
    this.code = parts.code;
    this.what = parts.what;
    this.expected = parts.expected;
    this.found = parts.found;
    this.where = parts.where;
    this.next = parts.next;
  }

  get exit(): ExitCode {
    return ERROR_EXIT[this.code];
  }
}

/** `file:line key` of a place; empty when nothing is known. */
export function whereText(where: Where | undefined): string {
  if (!where) return "";
  const place = where.file ? `${where.file}${where.line === undefined ? "" : `:${where.line}`}` : "";
  return [place, where.key ? `key ${where.key}` : ""].filter(Boolean).join(", ");
}

/** Control characters never reach a terminal; long values are cut. */
export function quoteValue(value: unknown, limit = 120): string {
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function errorText(parts: FlowErrorParts): string {
  const place = whereText(parts.where);
  return [
    place ? `${place}: ${parts.what}` : parts.what,
    parts.expected === undefined ? "" : `expected ${parts.expected}`,
    parts.found === undefined ? "" : `found ${parts.found}`,
    `next: ${parts.next}`,
  ]
    .filter(Boolean)
    .join("; ");
}

/** Message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
