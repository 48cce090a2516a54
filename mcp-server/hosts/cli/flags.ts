import { parseArgs } from "node:util";
import { z } from "zod";
import { FlowError, quoteValue } from "../../vocab/index.ts";
import { nearest } from "../../vocab/nearest.ts";

/** How the text after a flag is read. `json`: any other shape, written as JSON. */
export type FlagKind = "text" | "number" | "switch" | "list" | "json";

/** One flag of a command, made from one member of its input schema. */
export interface Flag {
  /** As written on the command line, without the dashes. */
  readonly name: string;
  /** The member of the input. */
  readonly key: string;
  readonly kind: FlagKind;
  readonly choices: readonly string[] | undefined;
  readonly description: string;
  readonly fallback: unknown;
  readonly required: boolean;
}

/** The parts of JSON Schema that flags are made from. */
const Property = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  items: z.object({ type: z.string().optional() }).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
});
type Property = z.infer<typeof Property>;

const ObjectSchema = z.object({
  properties: z.record(z.string(), Property).default({}),
  required: z.array(z.string()).default([]),
});

/** The flags of an input schema, in its order. */
export function flagsOf(input: z.ZodObject): Flag[] {
  const schema = ObjectSchema.parse(z.toJSONSchema(input, { io: "input", unrepresentable: "any" }));
  return Object.entries(schema.properties).map(([key, property]) => ({
    name: kebab(key),
    key,
    kind: kindOf(property),
    choices: property.enum?.map(String),
    description: property.description ?? "",
    fallback: property.default,
    required: schema.required.includes(key),
  }));
}

function kindOf(property: Property): FlagKind {
  if (property.type === "boolean") return "switch";
  if (property.type === "number" || property.type === "integer") return "number";
  if (property.type === "array" && property.items?.type === "string") return "list";
  return property.type === "string" || property.enum ? "text" : "json";
}

/** `rollbackOnRegression` as it is written on a command line. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The words that would give these values again; what is not said, or is so anyway, needs none. */
export function wordsOf(flags: readonly Flag[], values: Readonly<Record<string, unknown>>): string[] {
  return flags.flatMap(({ name, key, kind, fallback }) => {
    const value = values[key];
    if (value === undefined || value === fallback) return [];
    if (kind === "switch") return [value === true ? `--${name}` : `--no-${name}`];
    const texts =
      kind === "list" ? (value as unknown[]).map(String) : [kind === "json" ? JSON.stringify(value) : String(value)];
    // After a space a dash would begin the next flag.
    return texts.flatMap((text) => (text.startsWith("-") ? [`--${name}=${text}`] : [`--${name}`, text]));
  });
}

/** A refusal of a command line: exit 64. */
export function usage(what: string, command: string, found?: string): FlowError {
  return new FlowError({
    code: "usage",
    what,
    ...(found === undefined ? {} : { found }),
    next: `see \`deploy-flow ${command ? `${command} ` : ""}--help\``,
  });
}

/**
 * Reads the words after a command's name. Positional words fill the members named in `positionals`; the last of them
 * takes all remaining words when it is a list. Throws FlowError `usage` for an unknown flag (naming the nearest one),
 * a missing or unreadable value, a flag given twice, and both forms of a switch.
 */
export function readFlags(
  words: readonly string[],
  flags: readonly Flag[],
  positionals: readonly string[],
  command: string,
): Record<string, unknown> {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
    options: Object.fromEntries(flags.map((flag) => [flag.name, optionOf(flag)])),
  });
  const values: Record<string, unknown> = {};
  const given = new Map<string, string>();
  const loose: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      loose.push(token.value);
      continue;
    }
    const { flag, negated } = find(token.name, token.rawName, byName, command);
    const before = given.get(flag.name);
    if (before !== undefined && flag.kind !== "list") {
      const same = before === token.rawName;
      throw usage(
        same ? `${token.rawName} is given twice` : `${before} and ${token.rawName} contradict each other`,
        command,
      );
    }
    given.set(flag.name, token.rawName);
    values[flag.key] = readValue(flag, token, negated, values[flag.key], command);
  }
  return { ...values, ...place(loose, flags, positionals, values, command) };
}

function optionOf(flag: Flag): { type: "boolean" } | { type: "string"; multiple: boolean } {
  return flag.kind === "switch" ? { type: "boolean" } : { type: "string", multiple: flag.kind === "list" };
}

function find(
  name: string,
  rawName: string,
  byName: ReadonlyMap<string, Flag>,
  command: string,
): { flag: Flag; negated: boolean } {
  const negated = rawName === `--no-${name}`;
  const flag = byName.get(name);
  if (flag && (flag.kind === "switch" || !negated)) return { flag, negated };
  const names = [...byName.values()].flatMap((known) =>
    known.kind === "switch" ? [known.name, `no-${known.name}`] : [known.name],
  );
  const close = nearest(rawName.replace(/^--?/, ""), names);
  throw usage(`unknown flag ${quoteFlag(rawName)}${close ? `; did you mean --${close}?` : ""}`, command);
}

/** A mistyped flag as it may stand in a message: no control characters, not endless. */
function quoteFlag(rawName: string): string {
  return /^--?[\w.-]{1,40}$/.test(rawName) ? rawName : quoteValue(rawName, 40);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function readValue(flag: Flag, token: OptionToken, negated: boolean, before: unknown, command: string): unknown {
  if (flag.kind === "switch") {
    if (token.value !== undefined) throw usage(`${token.rawName} takes no value`, command, quoteValue(token.value));
    return !negated;
  }
  const text = token.value;
  const looksLikeFlag = text !== undefined && !token.inlineValue && /^-(?![\d.])./.test(text);
  if (text === undefined || looksLikeFlag) throw usage(`${token.rawName} needs a value`, command);
  return flag.kind === "list"
    ? [...(Array.isArray(before) ? before : []), text]
    : scalar(flag, text, token.rawName, command);
}

function scalar(flag: Flag, text: string, shown: string, command: string): unknown {
  switch (flag.kind) {
    case "number":
      if (!/^-?\d+(\.\d+)?$/.test(text)) throw usage(`${shown} needs a plain number`, command, quoteValue(text));
      return Number(text);
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw usage(`${shown} needs JSON`, command, quoteValue(text));
      }
    case "text":
    case "list":
    case "switch":
      return text;
    default:
      return flag.kind satisfies never;
  }
}

function place(
  loose: readonly string[],
  flags: readonly Flag[],
  positionals: readonly string[],
  given: Readonly<Record<string, unknown>>,
  command: string,
): Record<string, unknown> {
  const placed: Record<string, unknown> = {};
  const rest = [...loose];
  for (const key of positionals) {
    const flag = flags.find((known) => known.key === key);
    if (!flag || rest.length === 0) continue;
    if (given[key] !== undefined) throw usage(`${key} is given both as a word and as --${flag.name}`, command);
    placed[key] = flag.kind === "list" ? rest.splice(0) : scalar(flag, rest.shift() ?? "", key, command);
  }
  if (rest.length > 0) throw usage("too many words", command, quoteValue(rest[0]));
  return placed;
}
