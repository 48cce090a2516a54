import { expect, test } from "vitest";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { xunitReader } from "../../../mcp-server/evidence/tests/xunit.ts";
import { readWith } from "./sources.ts";

const xunit = (tests: string, counts = 'total="1" failed="0" errors="0"', errors = "") =>
  `<?xml version="1.0"?><assemblies><assembly name="C:\\ci\\Shop.dll" ${counts}><errors>${errors}</errors>` +
  `<collection name="Test collection for Cart">${tests}</collection></assembly></assemblies>`;
const one = (result: string, inner = "") =>
  `<test name="Cart.Adds(x: 1)" type="Cart" method="Adds" time="0.0125" result="${result}">${inner}</test>`;
const read = async (data: string) => (await readWith(xunitReader, data)).rows;

test("class, trait, duration and message; the assembly without its folder", async () => {
  const inner =
    '<traits><trait name="Category" value="P1"/></traits><failure><message><![CDATA[no]]></message><stack-trace>at</stack-trace></failure>';
  const data = xunit(one("Fail", inner), 'total="1" failed="1"');
  expect(recognise(Buffer.from(data))).toBe(xunitReader);
  const row = { status: "failed", suite: ["Shop.dll"], name: "Cart.Adds(x: 1)", classname: "Cart" };
  expect(await read(data)).toEqual([{ ...row, priority: "P1", durationMs: 12.5, message: "no" }]);
});

test.each([
  ["Pass", "passed"],
  ["Fail", "failed"],
  ["Skip", "skipped"],
  ["NotRun", "skipped"],
  ["pass", "errored"],
  ["", "errored"],
  ["__proto__", "errored"],
])("%s is %s", async (result, status) => {
  expect((await read(xunit(one(result))))[0]?.status).toBe(status);
});

test("an error of the assembly, and a failure that no test shows, are failing rows", async () => {
  const error = '<error type="assembly-cleanup"><failure><message>boom</message></failure></error>';
  const withError = await read(xunit(one("Pass"), 'total="1" errors="1"', error));
  expect(withError.map((row) => [row.status, row.message])).toEqual([
    ["errored", "boom"],
    ["passed", undefined],
  ]);
  expect((await read(xunit(one("Pass"), 'total="1" failed="1"'))).map((row) => row.status)).toEqual([
    "passed",
    "errored",
  ]);
});

test("fewer tests than counted, another root, and a file cut anywhere are refused", async () => {
  await expect(read(xunit(one("Pass"), 'total="2"'))).rejects.toBeInstanceOf(ReportDamage);
  await expect(read("<x/>")).rejects.toBeInstanceOf(ReportDamage);
  const whole = xunit(one("Pass"));
  for (let cut = 0; cut < whole.length; cut += 5) {
    await expect(read(whole.slice(0, cut)), `cut at ${cut}`).rejects.toBeInstanceOf(ReportDamage);
  }
});
