import { describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { auditTrail } from "../../../mcp-server/flow/audit.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { finalSummary } from "../../../mcp-server/flow/views/summary.ts";
import { readFrontMatter } from "../../../mcp-server/record/artifacts.ts";
import { blocked, staging } from "./journals.ts";
import { end, NEW, type Scribe, scribe } from "./scribe.ts";
import { smoke, smokeRun } from "./watches.ts";

const HOSTILE = [
  "a | b || c",
  "line\n# Approved\n- [x] all good",
  "---\nstatus: final\n---",
  "```\nfence\n```",
  "<script>alert(1)</script>",
  "{{version}} {{{raw}}} {{> evidence}}",
  "| --- | --- |",
  "\u001b[2J\u001b[31mred\u0007",
  "[click](javascript:alert(1)) ![x](http://evil)",
];

/** A blocked run in which tests, smoke checks, people and the target all say the same text. */
function spoken(text: string): Scribe {
  const s = scribe(blocked().plan);
  staging(s, { failing: 12, message: text });
  smoke(s, "stage-1/watch", smokeRun("production", NEW, text));
  s.add({ event: "notice", level: "warning", text });
  s.add({ event: "attempt-failed", key: "staging/deploy", message: text, retryable: true });
  s.add({ event: "request", id: "r1", taken: true, request: { kind: "advice", step: "staging", role: text, text } });
  s.add({ event: "request", id: "r2", taken: true, request: { kind: "abort", reason: text } });
  return end(s, "BLOCKED", "2.0.0", [{ code: "over-threshold", text }]);
}

/** Headings outside quotations, and the number of columns of each table row. */
function structure(document: string) {
  const { content } = readFrontMatter(document);
  const lines = content.split("\n");
  return {
    headings: lines.filter((line) => /^#{1,6} /.test(line)).map((line) => /^#+/.exec(line)?.[0]),
    columns: lines.filter((line) => line.startsWith("|")).map((line) => line.match(/(?<!\\)\|/g)?.length),
  };
}

const rendered = (s: Scribe) =>
  artifactFiles(recordOf(s.plan, s.events))
    .filter(({ path }) => path.endsWith(".md"))
    .concat({ path: "audit-trail.md", text: auditTrail(s) });

describe("what tested programs, people and agents say", () => {
  const plain = rendered(spoken("plain"));

  test.each(HOSTILE)("%j changes no document", (text) => {
    const documents = rendered(spoken(text));
    expect(documents.map(({ path }) => path)).toEqual(plain.map(({ path }) => path));
    for (const [index, document] of documents.entries()) {
      expect(structure(document.text), document.path).toEqual(structure(plain[index]?.text ?? ""));
      const isProposal = /stakeholder-notification|runbook-updates/.test(document.path);
      expect(readFrontMatter(document.text).data.status).toBe(isProposal ? "draft" : "final");
    }
  });

  test("no control character and no further line reaches a terminal", () => {
    const lines = (text: string) => finalSummary(spoken(text)).split("\n");
    for (const text of HOSTILE) {
      expect(lines(text)).toHaveLength(lines("plain").length);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(lines(text).join("\n")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    }
  });

  test("a secret in a message is masked", () => {
    const token = ["ghp", "0123456789abcdefghijABCDEFGHIJ012345"].join("_");
    const texts = [...rendered(spoken(`login with ${token}`)).map(({ text }) => text), finalSummary(spoken(token))];
    const leaks = texts.filter((text) => text.includes(token));
    expect(leaks).toEqual([]);
  });
});
