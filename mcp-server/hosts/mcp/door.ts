import { z } from "zod";
import type { Tool, ToolIo } from "../../tools/tool.ts";
import { FlowError, type Json, quoteValue } from "../../vocab/index.ts";
import { nearest } from "../../vocab/nearest.ts";

/** A tool as a host lists it. */
export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: {
    readonly title: string;
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  readonly _meta?: JsonObject;
}

type JsonObject = { [key: string]: Json | undefined } & { type?: "object" };

/** What a call answers: the result twice, as text and as data; or an error, as text only. */
export interface Answer {
  readonly content: { type: "text"; text: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: true;
}

/** The listing of a tool, with every hint said. A person's tool asks hosts that can to ask a person. */
export function listTool(tool: Tool): ListedTool {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: jsonSchema(tool.input.strict(), "input"),
    outputSchema: jsonSchema(tool.output, "output"),
    annotations: {
      title: tool.title,
      readOnlyHint: tool.effect === "read",
      destructiveHint: tool.effect === "destroy",
      idempotentHint: tool.idempotent,
      openWorldHint: tool.openWorld,
    },
    ...(tool.person ? { _meta: { "anthropic/requiresUserInteraction": true } } : {}),
  };
}

/** Held by us and named in the error; a model that chooses arguments need not read them. */
const HELD_BY_US = [
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "pattern",
  "exclusiveMinimum",
  "exclusiveMaximum",
] as const;

/** JSON Schema without the dialect's name: every dialect in use reads ours alike, and each word costs tokens. */
function jsonSchema(schema: z.ZodObject, io: "input" | "output"): JsonObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    target: "draft-7",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      for (const limit of HELD_BY_US) delete jsonSchema[limit];
    },
  });
  return splitTypes(rest) as JsonObject;
}

/** One type at a time: some hosts map schemas onto dialects that know no lists of types. */
function splitTypes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(splitTypes);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]: [string, unknown]) =>
    key === "type" && Array.isArray(value) ? ["anyOf", value.map((type) => ({ type }))] : [key, splitTypes(value)],
  );
  return Object.fromEntries(entries);
}

/** Runs one tool. What the caller can mend comes back as an error text that ends with the next step. */
export async function callTool(tools: readonly Tool[], name: string, args: unknown, io: ToolIo): Promise<Answer> {
  try {
    const tool = tools.find((known) => known.name === name);
    if (!tool) throw unknownTool(tools, name);
    const out = tool.output.parse(await tool.run(accepted(tool, args), io));
    return { content: [{ type: "text", text: tool.text(out) }], structuredContent: out };
  } catch (error) {
    return { content: [{ type: "text", text: errorText(error) }], isError: true };
  }
}

/** The arguments as the tool's schema makes them. An unknown one is refused: a misspelt limit must not be a missing one. */
function accepted(tool: Tool, args: unknown): Record<string, unknown> {
  const parsed = tool.input.strict().safeParse(args ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const names = Object.keys(tool.input.shape);
  const key = issue?.path.join(".") ?? "";
  if (unknownKey !== undefined) {
    const close = nearest(unknownKey, names);
    throw badArgument(
      `unknown argument${close ? `; did you mean ${close}?` : ""}`,
      names.join(", ") || "no arguments",
      shownKey(unknownKey),
    );
  }
  throw badArgument(`argument ${key || "list"} is not accepted`, issue?.message ?? "another value", undefined);
}

function badArgument(what: string, expected: string, found: string | undefined): FlowError {
  const next = "correct the arguments and call again";
  return new FlowError({ code: "usage", what, expected, ...(found === undefined ? {} : { found }), next });
}

function unknownTool(tools: readonly Tool[], name: string): FlowError {
  const close = nearest(
    name,
    tools.map((tool) => tool.name),
  );
  return new FlowError({
    code: "usage",
    what: `there is no such tool${close ? `; did you mean ${close}?` : ""}`,
    found: shownKey(name),
    next: "list the tools",
  });
}

function shownKey(key: string): string {
  return /^[\w.-]{1,40}$/.test(key) ? key : quoteValue(key, 40);
}

/** Texts of unforeseen errors can come from anywhere, so they go to the log and not to a model. */
function errorText(error: unknown): string {
  if (error instanceof FlowError) return error.message;
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return "something unforeseen went wrong; next: read the log of this server (standard error), then call deploy-next";
}
