import { describe, expect, test } from "vitest";
import { priorityInProperty, priorityInTitle } from "../../../mcp-server/evidence/tests/priority.ts";
import { junit, readJunit, suite } from "./sources.ts";

const one = async (inner: string, attributes = 'name="a" classname="K"') => {
  const { rows } = await readJunit(suite("s", `<testcase ${attributes}>${inner}</testcase>`));
  expect(rows).toHaveLength(1);
  return rows[0];
};

describe("status of a case", () => {
  test.each([
    ["nothing", "", undefined, "passed"],
    ["failure", "<failure/>", undefined, "failed"],
    ["error", "<error/>", undefined, "errored"],
    ["skipped", "<skipped/>", undefined, "skipped"],
    ["failure and error", "<failure/><error/>", undefined, "errored"],
    ["skipped, then failure", "<skipped/><failure/>", undefined, "failed"],
    ["to do and failing", '<skipped type="todo"/><failure/>', undefined, "skipped"],
    ["only reruns that failed", "<failure/><rerunFailure/><rerunError/>", undefined, "failed"],
    ["flaky by policy a failure", "<failure/><flakyFailure/>", undefined, "failed"],
    ["status=disabled", "", 'name="a" status="disabled"', "skipped"],
    ["status=notrun", "", 'name="a" status="notrun"', "skipped"],
    ["status=failed", "", 'name="a" status="failed"', "failed"],
    ["status=errored", "", 'name="a" status="errored"', "errored"],
    ["status=run", "", 'name="a" status="run"', "passed"],
    ["result=suppressed", "", 'name="a" status="notrun" result="suppressed"', "skipped"],
  ])("%s", async (_, inner, attributes, status) => {
    expect((await one(inner, attributes))?.status).toBe(status);
  });

  test.each(["flakyFailure", "flakyError"])("a pass after %s is flaky", async (element) => {
    expect(await one(`<${element} message="first"/>`)).toMatchObject({ status: "passed", flaky: true });
  });

  test("a failing element inside of captured output changes nothing", async () => {
    expect((await one("<system-out><failure/></system-out>"))?.status).toBe("passed");
  });
});

describe("duration", () => {
  test.each([
    ["0.25", 250],
    ["4.5e-05", 0.045],
    ["", undefined],
    ["-1", undefined],
    ["NaN", undefined],
    ["1,234.5", undefined],
    ["Infinity", undefined],
  ])("time=%j", async (time, expected) => {
    expect((await one("", `name="a" time="${time}"`))?.durationMs).toBe(expected);
  });
});

describe("message", () => {
  test("the attribute, or the first of the text", async () => {
    expect((await one('<failure message="boom">stack</failure>'))?.message).toBe("boom");
    expect((await one("<failure>\n  boom\n  stack</failure>"))?.message).toBe("boom\n  stack");
    expect((await one("<failure>a &lt;b&gt; <![CDATA[c & d]]></failure>"))?.message).toBe("a <b> c & d");
    expect((await one('<failure message="1"/><failure message="2"/>'))?.message).toBe("1");
  });

  test("is cut at the limit, never in the middle of a word", async () => {
    const long = `password ${"x".repeat(40)} ${"secret".repeat(20)} end`;
    const { rows } = await readJunit(suite("s", `<testcase name="a"><failure>${long}</failure></testcase>`), {
      maxMessageChars: 60,
    });
    expect(rows[0]?.message).toBe(`password ${"x".repeat(40)}`);
  });

  test("a passing test keeps none", async () => {
    expect(await one("<system-err>noise</system-err>")).not.toHaveProperty("message");
  });
});

test("an error of a suite is a failing row: the class could not start", async () => {
  const { rows } = await readJunit(
    junit('<testsuite name="Broken" tests="0"><error message="no such table"/></testsuite>'),
  );
  expect(rows).toEqual([{ status: "errored", suite: ["Broken"], name: "(suite failed)", message: "no such table" }]);
});

test("suites nest, names stay in order, empty suite names add nothing", async () => {
  const inner =
    '<testsuite name="b"><testsuite name=""><testcase name="t"/></testsuite></testsuite><testcase name="u"/>';
  const { rows } = await readJunit(junit(`<testsuite name="a" package="p.q">${inner}</testsuite><testcase name="v"/>`));
  expect(rows.map((row) => [...row.suite, row.name])).toEqual([["p.q.a", "b", "t"], ["p.q.a", "u"], ["v"]]);
});

test("names of objects are only names", async () => {
  const { rows } = await readJunit(
    suite("__proto__", '<testcase name="constructor" classname="toString" __proto__="x"/>'),
  );
  expect(rows).toEqual([{ status: "passed", suite: ["__proto__"], name: "constructor", classname: "toString" }]);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

describe("priority", () => {
  test.each([
    ["logs in @P0", "P0"],
    ["@P1 logs in", "P1"],
    ["[P2] logs in", "P2"],
    ["logs in [P3]", "P3"],
    ["a [P2] case of @P1", "P1"],
    ["handles P0 frames", undefined],
    ["mails me@P0st.example", undefined],
    ["keeps @P10 apart", undefined],
    ["a @@P0 decorator", undefined],
    ["array[P1]", "P1"],
  ])("in the title %j", (title, expected) => {
    expect(priorityInTitle(title)).toBe(expected);
  });

  test.each([
    ["priority", "P0", "P0"],
    ["Priority", "p1", "P1"],
    ["tag", "@P2", "P2"],
    ["tags", "smoke, P1 P0", "P0"],
    ["priority", "high", undefined],
    ["java.version", "P0", undefined],
  ])("property %s=%j", (name, value, expected) => {
    expect(priorityInProperty(name, value)).toBe(expected);
  });

  test("of the suite holds for its cases; the most important mark wins", async () => {
    const property = '<properties><property name="priority" value="P1"/></properties>';
    const { rows } = await readJunit(
      suite("s", `${property}<testcase name="a"/><testcase name="b @P0"/><testcase name="c [P3]"/>`),
    );
    expect(rows.map((row) => row.priority)).toEqual(["P1", "P0", "P1"]);
  });
});
