import type { z } from "zod";
import type { ApprovalWay } from "../flow/config.ts";
import type { Project } from "../flow/project.ts";
import type { Role } from "../flow/roles.ts";
import type { Ports } from "../ports/index.ts";
import type { Actor, ExitCode, Instant } from "../vocab/index.ts";

/** Who said yes, and how it was made sure that it was a person; `undefined` where nobody could be asked. */
export interface Confirmation {
  readonly way: Exclude<ApprovalWay, "none">;
  readonly person: string;
  /** The signature over the statement, for the way `ssh-signature`. */
  readonly signature?: string;
}

/** What a tool works with besides its arguments; a door (command line, MCP) makes one per call. */
export interface ToolIo {
  /** Project folder, absolute. It need not hold a deploy.yaml for the tools that work without a run. */
  readonly root: string;
  /** Folder that relative names in the arguments start from. */
  readonly cwd: string;
  readonly ports: Ports;
  /** The project with all that a run needs; loaded when first asked for, so that small checks start quickly. */
  project(): Promise<Project>;
  readonly signal: AbortSignal;
  /** Says how far a long check is; `total` is unknown for some. */
  progress(done: number, total: number | undefined, text: string): void;
  readonly actor: Actor;
  /** A person sits at the other end and can answer at once. */
  readonly interactive: boolean;
  /** As whom the person signs; only a command line has it, no argument of a tool does. */
  readonly role?: Role;
  now(): Instant;
  /**
   * Absolute path of something a caller named for reading. A person's command line may name anything; a tool call of
   * an agent stays inside the project. Throws FlowError `refused`.
   */
  readable(path: string): string;
  /**
   * Asks a person to confirm one sentence, or to sign the statement that says the same in full, by a way that the plan
   * accepts. Throws FlowError `refused` when a person was asked and did not.
   */
  confirm(sentence: string, statement: string, accepted: readonly ApprovalWay[]): Promise<Confirmation | undefined>;
}

/** `read` changes nothing; `write` adds; `destroy` can change or take away what users have. */
export type Effect = "read" | "write" | "destroy";

/**
 * One tool, from which the MCP tool and the command are made. `run` throws FlowError for what the caller can mend;
 * `text` says what the output says: verdict, reason and next step are in both.
 */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** For the model that chooses: what it does and when to use it, in at most 400 characters. */
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly effect: Effect;
  /** It talks to something outside the project folder. */
  readonly openWorld: boolean;
  /** Calling it again with the same arguments changes nothing more. */
  readonly idempotent: boolean;
  /** Only a person may decide this; hosts that can must ask one. */
  readonly person?: true;
  /** Arguments that the command line also takes without their flag, in order. */
  readonly positionals?: readonly string[];
  run(args: z.output<I>, io: ToolIo): Promise<z.output<O>>;
  text(out: z.output<O>): string;
  /** Exit code of the command; 0 when absent. */
  exit?(out: z.output<O>): ExitCode;
}

/** Checks a tool's types and gives it the common one, under which the doors handle all tools alike. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool {
  return tool as unknown as Tool;
}
