import matter from "gray-matter";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { EvidenceRef, FlowError, Instant, messageOf, RunId, Version } from "../vocab/index.ts";

/** What stands at the head of every artifact. For people and for finding files; no decision is ever read from it. */
export const FrontMatter = z.strictObject({
  /** Name of the document, e.g. `regression-gate-staging`. */
  artifact: z.string(),
  /** The template that rendered it, e.g. `regression-gate`. */
  kind: z.string(),
  schemaVersion: z.literal(1),
  /** Absent for a document outside a run. */
  runId: RunId.optional(),
  version: Version.optional(),
  /** Name and version of the program that wrote it. */
  generator: z.string(),
  at: Instant,
  /** Set where the document belongs to no run, or is a proposal that a person has to look at. */
  status: z.enum(["final", "draft", "stand-alone"]),
  evidence: z.array(EvidenceRef),
});
export type FrontMatter = z.infer<typeof FrontMatter>;

/** A document with its front matter. Every text is quoted, so that none can end the block or become another type. */
export function withFrontMatter(head: FrontMatter, body: string): string {
  const yaml = stringify(FrontMatter.parse(head), {
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
    lineWidth: 0,
  });
  return `---\n${yaml}---\n\n${body}`;
}

/**
 * Front matter and body of a document of any origin. Only YAML is read: gray-matter would run `---js` by itself.
 * A document without front matter has empty data. Throws FlowError `unreadable`.
 */
export function readFrontMatter(text: string): { data: Record<string, unknown>; content: string } {
  try {
    // Looked at before gray-matter does: it finds engines by property name, inherited ones included.
    if (/^\ufeff?---(?!-)/.test(text) && !/^\ufeff?---[ \t]*(?:ya?ml)?[ \t]*\r?(?:\n|$)/.test(text)) refuse();
    const { data, content } = matter(text, { engines: ENGINES, language: "yaml" });
    return { data, content };
  } catch (error) {
    throw new FlowError({
      code: "unreadable",
      what: "the front matter of the document cannot be read",
      expected: "YAML between two lines of ---",
      found: messageOf(error).split("\n")[0] ?? "",
      next: "correct the front matter; only YAML is read",
      cause: error,
    });
  }
}

function refuse(): never {
  throw new Error("a front matter language other than YAML");
}

/** Given at every call: gray-matter brings an evaluating engine of its own for each name that is not overridden. */
const ENGINES = {
  yaml: (text: string): object => {
    const value: unknown = parse(text, { schema: "core", uniqueKeys: true, maxAliasCount: 0 });
    if (value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) throw new Error("front matter that is no mapping");
    return value;
  },
  js: refuse,
  javascript: refuse,
  json: refuse,
  coffee: refuse,
  coffeescript: refuse,
  cson: refuse,
};
