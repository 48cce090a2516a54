import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openJunitRows } from "../../../mcp-server/evidence/tests/junit.ts";
import { DEFAULT_LIMITS } from "../../../mcp-server/evidence/tests/limits.ts";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { scanXml } from "../../../mcp-server/evidence/tests/scan-xml.ts";
import { readXml } from "../../../mcp-server/evidence/tests/xml.ts";
import type { TestRow } from "../../../mcp-server/judge/tests/row.ts";
import { inPieces, readJunit, suite } from "./sources.ts";

/** Rows by the byte scan; `undefined` when it leaves the document to the parser. */
async function scanned(data: string | Uint8Array, size?: number): Promise<TestRow[] | undefined> {
  const rows: TestRow[] = [];
  const reading = openJunitRows({ row: (row) => rows.push(row), warning: () => {} }, DEFAULT_LIMITS);
  return (await scanXml(inPieces(data, size), reading.consumer, DEFAULT_LIMITS)) === "read" ? rows : undefined;
}

/** Rows by the parser; `undefined` when it refuses the document. */
async function parsed(data: string | Uint8Array): Promise<TestRow[] | undefined> {
  const rows: TestRow[] = [];
  const reading = openJunitRows({ row: (row) => rows.push(row), warning: () => {} }, DEFAULT_LIMITS);
  try {
    await readXml(inPieces(data), reading.consumer, DEFAULT_LIMITS, () => {});
    return rows;
  } catch (error) {
    if (error instanceof ReportDamage) return undefined;
    throw error;
  }
}

const FOLDER = "test/fixtures/test-reports";
const SAMPLES = readdirSync(FOLDER).filter((name) => name.endsWith(".xml"));

describe("the scan agrees with the parser or leaves the document to it", () => {
  test.each(SAMPLES)("%s, in pieces of any size", async (file) => {
    const data = readFileSync(`${FOLDER}/${file}`);
    const expected = await parsed(data);
    for (const size of [1, 2, 3, 7, 64, 1000, 1 << 20]) {
      const rows = await scanned(data, size);
      if (rows) expect(rows).toEqual(expected);
    }
  });

  test("most samples are plain enough for it", async () => {
    const plain = await Promise.all(SAMPLES.map((file) => scanned(readFileSync(`${FOLDER}/${file}`))));
    expect(plain.filter(Boolean).length).toBeGreaterThanOrEqual(6);
  });

  const text = fc.string({ unit: "grapheme", maxLength: 12 });
  const escaped = text.map((raw) =>
    [...raw]
      .map((char) => ({ "<": "&lt;", "&": "&amp;", '"': "&quot;", "\n": "&#10;" })[char] ?? char)
      .filter((char) => (char.codePointAt(0) ?? 0) >= 0x20 && !/[\ud800-\udfff\ufffe\uffff]/u.test(char))
      .join(""),
  );
  const body = fc.oneof(
    fc.constant(""),
    escaped.map((raw) => `<failure message="${raw}">${raw.replaceAll(">", "&gt;")}</failure>`),
    escaped.map((raw) => `<error><![CDATA[${raw.replaceAll("]]>", "")} <x> & ]] ]]></error>`),
    fc.constant('<skipped/><!-- a <comment> - with "things" -->'),
    escaped.map((raw) => `<system-out><![CDATA[<testcase name="no">${raw.replaceAll("]]>", "")}]]></system-out>`),
    escaped.map((raw) => `<properties><property name="priority" value="P${raw.length % 4}"/></properties>`),
  );
  const element = fc
    .tuple(escaped, escaped, body, fc.constantFrom(" ", "\n  ", "\r\n"))
    .map(
      ([name, classname, inner, gap]) =>
        `<testcase${gap}name="${name}" classname='${classname.replaceAll("'", "")}'${gap}time = "0.1">${gap}${inner}</testcase >${gap}`,
    );
  const documents = fc.array(fc.tuple(escaped, fc.array(element, { maxLength: 4 })), { maxLength: 3 }).map((suites) => {
    const inner = suites.map(([name, cases]) => `<testsuite name="${name}">${cases.join("")}</testsuite>`);
    return `<?xml version="1.0"?>\n<testsuites>${inner.join("\n")}</testsuites>\n`;
  });

  test("any plain document", async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.integer({ min: 1, max: 40 }), async (data, size) => {
        const rows = await scanned(data, size);
        const expected = await parsed(data);
        if (rows) expect(rows).toEqual(expected);
        else expect(data).toMatch(/[^\x20-\x7e\s]|&#/);
      }),
      { numRuns: 300 },
    );
  });

  test("any damaged document: what the scan reads to the end, the parser reads the same", async () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.constantFrom("delete", "insert", "cut", "copy"),
      fc.constantFrom(..."<>&\"'/=-! ]?x\0"),
    );
    await fc.assert(
      fc.asyncProperty(documents, fc.array(edit, { minLength: 1, maxLength: 3 }), async (document, edits) => {
        let data = document;
        for (const [where, what, char] of edits) {
          const at = where % (data.length + 1);
          if (what === "delete") data = data.slice(0, at) + data.slice(at + 1);
          else if (what === "insert") data = data.slice(0, at) + char + data.slice(at);
          else if (what === "cut") data = data.slice(0, Math.max(at, data.length - 40));
          else data += data.slice(at, at + 30);
        }
        const rows = await scanned(data, 16);
        if (rows) expect(rows).toEqual(await parsed(data));
      }),
      { numRuns: 2000 },
    );
  });
});

test("the parser takes over in the middle of a large report without losing or doubling a row", async () => {
  const plain = (from: number, to: number) =>
    Array.from(
      { length: to - from },
      (_, i) => `<testcase name="case ${from + i}" classname="com.example.SomeLongClassName"/>\n`,
    ).join("");
  const odd = '<testcase name="colour \u001b[31m" classname="K"/>';
  const { rows, warnings } = await readJunit(suite("s", plain(0, 40_000) + odd + plain(40_000, 45_000)));
  expect(rows).toHaveLength(45_001);
  expect(new Set(rows.map((row) => row.name)).size).toBe(45_001);
  expect(rows[40_000]?.name).toBe("colour \u001b[31m");
  expect(warnings.map((warning) => warning.code)).toEqual(["forbidden-character"]);
});

test("output of a hundred megabytes in one section costs no memory", async () => {
  const piece = Buffer.from(`${"x".repeat(1023)}\n`);
  const parts = {
    head: Buffer.from('<testsuite><testcase name="a"><system-out><![CDATA['),
    tail: Buffer.from("]]></system-out></testcase></testsuite>"),
  };
  let most = 0;
  const source = {
    async *[Symbol.asyncIterator]() {
      yield parts.head;
      const block = Buffer.concat(Array.from({ length: 1024 }, () => piece));
      for (let i = 0; i < 100; i++) {
        yield block;
        most = Math.max(most, process.memoryUsage().heapUsed);
      }
      yield parts.tail;
    },
  };
  const rows: TestRow[] = [];
  const reading = openJunitRows({ row: (row) => rows.push(row), warning: () => {} }, DEFAULT_LIMITS);
  const before = process.memoryUsage().heapUsed;
  expect(await scanXml(source, reading.consumer, DEFAULT_LIMITS)).toBe("read");
  expect(rows).toHaveLength(1);
  expect(most - before).toBeLessThan(60e6);
});
