import fc from "fast-check";
import Handlebars from "handlebars";
import { describe, expect, it } from "vitest";
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  MESSAGE_KINDS,
  type MessageKind,
} from "../../mcp-server/record/artifact-kinds/index.ts";
import { readFrontMatter, renderArtifact, renderMessage, writeArtifact } from "../../mcp-server/record/artifacts.ts";
import { HELPERS, PARTIALS } from "../../mcp-server/record/templates.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";
import { memoryDisk } from "../fakes/index.ts";
import { artifactViews, evidenceRef, head, messageViews } from "./views.ts";

const KINDS = Object.keys(ARTIFACT_KINDS) as ArtifactKind[];
const MESSAGES = Object.keys(MESSAGE_KINDS) as MessageKind[];
const kindly = (text: string) => text;

function renderKind(kind: ArtifactKind, t: (plain: string) => string): string {
  // The map pairs each kind with its view; the compiler cannot follow a kind chosen at run time.
  return renderArtifact(kind, artifactViews(t)[kind] as never, head);
}

function renderMessageKind(kind: MessageKind, t: (plain: string) => string): string {
  return renderMessage(kind, messageViews(t)[kind] as never);
}

/** Cells of a table row: a backslash takes the next character with it, as in GFM. */
function columns(row: string): number {
  return (row.replace(/\\./g, "").match(/\|/g) ?? []).length - 1;
}

/** A document without escaped characters and code spans, read from left to right. */
function withoutLiterals(document: string): string {
  return document.replace(/\\[^\w\s]|(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
}

/** What each line of a document is: the structure that no value may change. */
function structure(document: string): string[] {
  return readFrontMatter(document)
    .content.split("\n")
    .map((line) => {
      if (/^#{1,6}(\s|$)/.test(line)) return `heading ${line.indexOf(" ")}`;
      if (line.startsWith("|")) return `row ${columns(line)}`;
      if (/^(>|[-+*]\s|\d+[.)]\s)/.test(line)) return line.slice(0, 1);
      if (/^(`{3}|~{3}|={2,}|-{2,}|_{3}|\*{3}|:?-+:?$|\s{4})/.test(line)) return `block ${line.slice(0, 3)}`;
      return line === "" ? "blank" : "text";
    });
}

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        "|",
        "\\",
        "\\|",
        "`",
        "```",
        "~~~",
        "\n",
        "\r",
        "\n\n",
        "---",
        "---js",
        "\n---\n",
        "===",
        "# ",
        "\n# x",
        "> ",
        "- ",
        "+ ",
        "1. ",
        "2) ",
        "<b>",
        "</td>",
        "<!--",
        "{{x}}",
        "{{{x}}}",
        "{{> facts}}",
        "*",
        "**",
        "_",
        "__",
        "[a](b)",
        "![",
        "](",
        "&amp;",
        "&#124;",
        ":-:",
        "    ",
        "\t",
        "$x$",
        "@team",
        "https://x.test",
        "…",
        "\u2028",
        "\u202e",
        "\u0000",
        "\u001b[31m",
        " ",
        "a",
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((pieces) => pieces.join("")),
);

describe("every kind of artifact", () => {
  it.each(KINDS)("%s says its verdict or subject first, then the tables", (kind) => {
    expect(renderKind(kind, kindly)).toMatchSnapshot();
  });

  it.each(KINDS)("%s keeps its structure whatever the values are", (kind) => {
    const usual = structure(renderKind(kind, kindly));
    fc.assert(
      fc.property(hostile, (text) => {
        // Free prose of agents is laid out by its own lines and is looked at below.
        const views = artifactViews((plain) => (plain.includes("\n") ? plain : `${text}x`));
        const document = renderArtifact(kind, views[kind] as never, head);
        expect(structure(document)).toEqual(usual);
        expect(withoutLiterals(document)).not.toMatch(/<[A-Za-z/!?]/);
      }),
      { numRuns: 60 },
    );
  });

  it.each(KINDS)("%s is refused when its view lacks something", (kind) => {
    expect(() => renderArtifact(kind, {} as never, head)).toThrow();
  });

  it("is the same bytes for the same view", () => {
    for (const kind of KINDS) expect(renderKind(kind, kindly)).toBe(renderKind(kind, kindly));
  });

  it("leaves out what is empty, and says unknown and unsigned where it must not be left out", () => {
    const view = artifactViews(kindly)["deployment-report"];
    const bare = {
      ...view,
      gates: [],
      slo: [],
      signOffs: [],
      unknowns: [],
      runningVersion: null,
      advice: [],
      criteria: [],
    };
    const document = renderArtifact("deployment-report", bare, head);
    expect(document).toContain("| Version running now | unknown |");
    expect(document).toContain("No gate was reached.");
    expect(document).toMatch(/## 11\. Approvals and sign-offs\n\nunsigned\n/);
    expect(document).not.toContain("## Unknown");
    expect(document).not.toContain("\n\n\n");
    expect(document.match(/^## \d+\./gm)).toHaveLength(11);
  });
});

describe("prose of agents", () => {
  it("can be paragraphs, lists and code spans, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 5 }), (texts) => {
        const view = { title: "T", sections: [{ heading: "H", text: texts.join("\n") }] };
        const kinds = structure(renderArtifact("stand-alone", view, head)).slice(5, -7);
        expect(kinds.filter((kind) => !["text", "blank", "-"].includes(kind))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("is shown as it was meant, without its secrets", () => {
    const text = "Cause: `retry()` loops.\n\n# Not a heading\n| a | b |\n* one\n* two password=hunter2\n<script>";
    const view = { title: "T", sections: [{ heading: "Cause", text }] };
    expect(renderArtifact("stand-alone", view, { ...head, evidence: [] }).split("## Cause\n\n")[1]).toBe(
      "Cause: `retry()` loops.\n\n\\# Not a heading\n\\| a \\| b \\|\n\n- one\n- two password=\\[redacted\\]\n\n\\<script>\n",
    );
  });
});

describe("front matter", () => {
  it("equals what was put in, whatever the texts are", () => {
    fc.assert(
      fc.property(hostile, hostile, (artifact, generator) => {
        const evidence = [{ ...evidenceRef, name: artifact }];
        const document = renderArtifact("stand-alone", { title: "T" }, { ...head, artifact, generator, evidence });
        const { data, content } = readFrontMatter(document);
        const { runId, version, at } = head;
        const expected = {
          artifact,
          kind: "stand-alone",
          schemaVersion: 1,
          runId,
          version,
          generator,
          at,
          status: "final",
          evidence,
        };
        expect(data).toEqual(JSON.parse(JSON.stringify(expected)));
        expect(content.startsWith("\n# T\n")).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps versions and times as texts, and says when a document belongs to no run", () => {
    const { runId: _runId, ...outside } = head;
    const document = renderArtifact("stand-alone", { title: "T" }, { ...outside, version: "1.10" as Version });
    expect(readFrontMatter(document).data).toMatchObject({ version: "1.10", at: head.at, status: "stand-alone" });
  });

  it.each([
    "---js\n{a: process.exit(1)}\n---\n",
    "---JS\n{}\n---\n",
    "---javascript\nmodule.exports = {}\n---\n",
    "--- js\n1\n---\n",
    "---json\n{}\n---\n",
    "---coffee\na: 1\n---\n",
    "---constructor\na\n---\n",
    "---__proto__\na\n---\n",
    "\ufeff---js\n1\n---\n",
    "---\n[1, 2]\n---\n",
    "---\na: 1\na: 2\n---\n",
    "---\na: &x [1]\nb: *x\n---\n",
    "---\n{a: \n---\n",
  ])("of another language or form is refused: %j", (text) => {
    expect(() => readFrontMatter(text)).toThrow(expect.objectContaining({ code: "unreadable" }));
    // A second look gives the same answer: nothing was remembered.
    expect(() => readFrontMatter(text)).toThrow(expect.objectContaining({ code: "unreadable" }));
  });

  it.each([
    ["# no front matter\n", {}, "# no front matter\n"],
    ["---\na: 12:30:45\nb: 2026-03-01\n---\nrest", { a: "12:30:45", b: "2026-03-01" }, "rest"],
    ["---yaml\na: 1\n---\n", { a: 1 }, ""],
    ["-----\nrule\n", {}, "-----\nrule\n"],
    ["", {}, ""],
  ])("of %j is read", (text, data, content) => {
    expect(readFrontMatter(text)).toEqual({ data, content });
  });
});

describe("templates", () => {
  const texts = [...Object.values(ARTIFACT_KINDS), ...Object.values(MESSAGE_KINDS)].map(({ template }) => template);

  it("put no value into a document but through a helper, and compute nothing", () => {
    const names = new Set<string>();
    const visit = (program: hbs.AST.Program): void => {
      for (const statement of program.body) {
        if (statement.type === "BlockStatement") {
          const block = statement as hbs.AST.BlockStatement;
          names.add(`#${(block.path as hbs.AST.PathExpression).original}`);
          visit(block.program);
          if (block.inverse) visit(block.inverse);
        } else if (statement.type === "MustacheStatement") {
          const call = statement as hbs.AST.MustacheStatement;
          expect(call.params.length, `{{${(call.path as hbs.AST.PathExpression).original}}}`).toBeGreaterThan(0);
          expect(call.params.every(({ type }) => type !== "SubExpression")).toBe(true);
          names.add((call.path as hbs.AST.PathExpression).original);
        } else {
          expect(["ContentStatement", "PartialStatement"]).toContain(statement.type);
        }
      }
    };
    for (const text of [...texts, ...Object.values(PARTIALS)]) visit(Handlebars.parse(text));
    const allowed = new Set([...Object.keys(HELPERS), "#if", "#each"]);
    expect([...names].filter((name) => !allowed.has(name))).toEqual([]);
  });

  it("use table helpers in tables, where others could break a row", () => {
    for (const text of [...texts, ...Object.values(PARTIALS)]) {
      for (const row of text.split("\n").filter((line) => line.startsWith("|"))) {
        expect(row).not.toMatch(/\{\{(md|code|plain|prose|quote|fence) /);
      }
    }
  });
});

describe("messages", () => {
  it.each(MESSAGES)("%s is plain text", (kind) => {
    expect(renderMessageKind(kind, kindly)).toMatchSnapshot();
  });

  it.each(MESSAGES)("%s keeps its lines and lets no control character through", (kind) => {
    const lines = renderMessageKind(kind, kindly).split("\n").length;
    fc.assert(
      fc.property(hostile, (text) => {
        const message = renderMessageKind(kind, () => `x${text}`);
        expect(message.split("\n")).toHaveLength(lines);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
        expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});

describe("writing", () => {
  it("puts a document into the project, whole, and nowhere else", () => {
    const disk = memoryDisk({ "/p/deploy.yaml": "" });
    const place = { disk, root: "/p" };
    const written = writeArtifact(place, ".aiwg/reports/a.md", "text");
    expect(disk.readText("/p/.aiwg/reports/a.md")).toBe("text");
    expect(written.path).toBe(".aiwg/reports/a.md");
    expect(() => writeArtifact(place, "../a.md", "text")).toThrow(expect.objectContaining({ code: "refused" }));
  });
});
