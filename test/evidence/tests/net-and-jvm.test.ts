import { describe, expect, test } from "vitest";
import { nunitReader } from "../../../mcp-server/evidence/tests/nunit.ts";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { testngReader } from "../../../mcp-server/evidence/tests/testng.ts";
import type { TestRow } from "../../../mcp-server/judge/tests/row.ts";
import { readWith } from "./sources.ts";

const told = (rows: readonly TestRow[]) => rows.map((row) => `${row.name}: ${row.status}${row.flaky ? ", flaky" : ""}`);

const nunit3 = (suites: string, attributes = 'total="1" failed="0" result="Passed"') =>
  `<?xml version="1.0"?>\n<test-run id="2" testcasecount="1" ${attributes}>${suites}</test-run>`;
const assembly = (inside: string, more = "") =>
  `<test-suite type="Assembly" name="Shop.dll" fullname="/build/bin/Shop.dll" result="Passed" ${more}>${inside}</test-suite>`;
const one = (result: string, inside = "") =>
  `<test-case name="A" fullname="Shop.Cart.A" classname="Shop.Cart" duration="0.0125" ${result}>${inside}</test-case>`;
const nunit = async (data: string) => (await readWith(nunitReader, data)).rows;

describe("NUnit 3", () => {
  test.each([
    ['result="Passed"', "passed"],
    ['result="Failed"', "failed"],
    ['result="Failed" label="Error"', "errored"],
    ['result="Failed" label="Invalid"', "errored"],
    ['result="Failed" label="Cancelled"', "errored"],
    ['result="Skipped" label="Ignored"', "skipped"],
    ['result="Skipped" label="Explicit"', "skipped"],
    ['result="Inconclusive"', "skipped"],
    ['result="Warning"', "skipped"],
    ['result="passed"', "passed"],
    ['result="Sleeping"', "errored"],
    ["", "errored"],
  ])("%s", async (result, expected) => {
    expect((await nunit(nunit3(assembly(one(result)))))[0]?.status).toBe(expected);
  });

  test("gives assembly, class, duration, message and priority", async () => {
    const failing = one(
      'result="Failed"',
      '<properties><property name="Category" value="P1"/></properties><failure><message><![CDATA[  Expected: 2]]></message></failure>',
    );
    const data = nunit3(assembly(failing), 'total="1" failed="1" result="Failed"');
    expect(recognise(Buffer.from(data))).toBe(nunitReader);
    expect(await nunit(data)).toEqual([
      {
        status: "failed",
        suite: ["Shop.dll"],
        classname: "Shop.Cart",
        name: "A",
        priority: "P1",
        durationMs: 12.5,
        message: "Expected: 2",
      },
    ]);
  });

  test("a fixture with arguments is another class for each", async () => {
    const fixture = (currency: string) =>
      `<test-case name="A" fullname="Shop.Price(&quot;${currency}&quot;).A" classname="Shop.Price" result="Passed"/>`;
    const rows = await nunit(nunit3(assembly(fixture("eur") + fixture("usd"))));
    expect(rows.map((row) => row.classname)).toEqual(['Shop.Price("eur")', 'Shop.Price("usd")']);
  });

  const suite = (site: string, inside: string) =>
    `<test-suite type="TestFixture" name="Cart" fullname="Shop.Cart" result="Failed" label="Error" site="${site}"><failure><message>${site} : no database</message></failure>${inside}</test-suite>`;
  test.each([
    ["a set-up without tests", suite("SetUp", ""), ["Shop.Cart (suite failed): errored"]],
    ["a set-up that its tests tell", suite("SetUp", one('result="Failed" site="Parent"')), ["A: failed"]],
    ["a tear-down", suite("TearDown", one('result="Passed"')), ["A: passed", "Shop.Cart (suite failed): errored"]],
    [
      "a tear-down beside a failing test",
      suite("TearDown", one('result="Failed"')),
      ["A: failed", "Shop.Cart (suite failed): errored"],
    ],
    ["its tests alone", suite("Child", one('result="Failed"')), ["A: failed"]],
  ])("a suite fails by %s", async (_, inside, expected) => {
    expect(told(await nunit(nunit3(assembly(inside), 'total="0" result="Failed"')))).toEqual(expected);
  });

  test("an assembly that could not be loaded, and a run that failed without a failing test", async () => {
    const broken = `<test-suite type="Assembly" name="Shop.dll" runstate="NotRunnable" result="Failed" label="Invalid"/>`;
    expect(told(await nunit(nunit3(broken, 'total="0" result="Failed"')))).toEqual([
      "Shop.dll (suite failed): errored",
    ]);
    expect(told(await nunit(nunit3(assembly(one('result="Passed"')), 'total="1" failed="1" result="Failed"')))).toEqual(
      ["A: passed", "(run failed outside of its tests): errored"],
    );
  });

  test("fewer tests than it counts are damage", async () => {
    const short = readWith(nunitReader, nunit3(assembly(one('result="Passed"')), 'total="2" result="Passed"'));
    await expect(short).rejects.toBeInstanceOf(ReportDamage);
  });
});

describe("NUnit 2", () => {
  const nunit2 = (cases: string, attributes = 'total="1" errors="0" failures="0"') =>
    `<test-results name="Shop.dll" ${attributes}><test-suite name="/build/Shop.dll"><results>${cases}</results></test-suite></test-results>`;
  test.each([
    ['result="Success"', "passed"],
    ['result="Failure"', "failed"],
    ['result="Error"', "errored"],
    ['result="NotRunnable"', "errored"],
    ['result="Cancelled"', "errored"],
    ['result="Ignored"', "skipped"],
    ['result="Inconclusive"', "skipped"],
    ['executed="True" success="True"', "passed"],
    ['executed="True" success="False"', "failed"],
    ['executed="True" success="Turue"', "failed"],
    ['executed="False"', "skipped"],
    ['executed="True"', "errored"],
  ])("%s", async (result, expected) => {
    const rows = await nunit(nunit2(`<test-case name="Shop.Cart.A" ${result}/>`));
    expect(rows[0]).toMatchObject({ status: expected, suite: ["Shop.dll"], name: "Shop.Cart.A" });
  });
});

describe("TestNG", () => {
  const testng = (methods: string, attributes = "") =>
    `<testng-results ${attributes}><suite name="S"><test name="T"><class name="shop.Cart">${methods}</class></test></suite></testng-results>`;
  const method = (name: string, status: string, more = "", inside = "") =>
    `<test-method name="${name}" signature="${name}()" status="${status}" duration-ms="3" ${more}>${inside}</test-method>`;
  const params = (value: string) => `<params><param index="0"><value><![CDATA[${value}]]></value></param></params>`;

  test.each([
    [
      "statuses",
      method("a", "PASS") + method("b", "FAIL") + method("c", "SKIP"),
      ["a: passed", "b: failed", "c: skipped"],
    ],
    [
      "a set-up that passes is no test",
      method("start", "PASS", 'is-config="true"') + method("a", "PASS"),
      ["a: passed"],
    ],
    ["one that fails is an error", method("start", "FAIL", 'is-config="true"'), ["start: errored"]],
    ["a repeated attempt is no row", method("a", "SKIP", 'retried="true"') + method("a", "PASS"), ["a: passed, flaky"]],
    [
      "of the same parameters",
      method("a", "SKIP", 'retried="true"', params("1")) + method("a", "PASS", "", params("2")),
      ["a(2): passed"],
    ],
    ["an unknown status", method("a", "STARTED"), ["a: errored"]],
  ])("%s", async (_, methods, expected) => {
    const { rows } = await readWith(testngReader, testng(methods));
    expect(told(rows)).toEqual(expected);
    expect(rows[0]).toMatchObject({ suite: ["S", "T"], classname: "shop.Cart" });
  });

  test("fewer tests than it counts are damage; failures that it only counts are an error", async () => {
    await expect(readWith(testngReader, testng(method("a", "PASS"), 'total="2"'))).rejects.toBeInstanceOf(ReportDamage);
    const { rows } = await readWith(testngReader, testng(method("a", "PASS"), 'total="1" failed="1"'));
    expect(told(rows)).toEqual(["a: passed", "(run failed outside of its tests): errored"]);
  });
});
