import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readReports } from "../../../mcp-server/evidence/tests/index.ts";
import { type TestRow, TestStatus } from "../../../mcp-server/judge/tests/row.ts";
import { memoryDisk } from "../../fakes/index.ts";
import { readJunit } from "./sources.ts";

const told = (rows: readonly TestRow[]) =>
  rows.map((row) => `${[...row.suite, row.name].join(" > ")}: ${row.status}${row.flaky ? ", flaky" : ""}`);
const saved = (file: string) => readFileSync(`test/fixtures/${file}`);
const suites = (inside: string, attributes = "") => `<testsuites ${attributes}>${inside}</testsuites>`;

/** A dialect: what its tool writes, and how that reads. The quirk is in the name of the test. */
type Dialect = [quirk: string, document: string, rows: string[]];

const DIALECTS: Record<string, Dialect[]> = {
  "Surefire and Failsafe": [
    [
      "a pass after failing attempts is flaky, an attempt that never passes is one failure, counts of attempts are not believed",
      `<testsuite name="shop.CartIT" tests="6" errors="1" failures="4" xsi:noNamespaceSchemaLocation="https://maven.apache.org/surefire/maven-surefire-plugin/xsd/failsafe-test-report.xsd">
        <testcase name="adds" classname="shop.CartIT"><flakyFailure message="first" type="x"><stackTrace>at</stackTrace><system-out>o</system-out></flakyFailure></testcase>
        <testcase name="stops" classname="shop.CartIT"><flakyError message="first" type="x"/></testcase>
        <testcase name="fails" classname="shop.CartIT"><failure message="m"/><rerunFailure message="m"/><rerunFailure message="m"/></testcase>
        <testcase name="late" classname="shop.CartIT"><skipped message="assumption"/></testcase></testsuite>`,
      [
        "shop.CartIT > adds: passed, flaky",
        "shop.CartIT > stops: passed, flaky",
        "shop.CartIT > fails: failed",
        "shop.CartIT > late: skipped",
      ],
    ],
  ],
  pytest: [
    [
      "a failing call and a failing tear-down are two rows of one test",
      suites(
        `<testsuite name="pytest" errors="1" failures="1" tests="2"><testcase classname="t" name="both"><failure message="assert"/></testcase><testcase classname="t" name="both"><error message="failed on teardown"/></testcase></testsuite>`,
        'name="pytest tests"',
      ),
      ["pytest > both: failed", "pytest > both: errored"],
    ],
    [
      "an expected failure is a skip; a retry of pytest-rerunfailures leaves no trace; an interrupted test has no name",
      suites(
        `<testsuite name="pytest" errors="0" failures="0" skipped="1" tests="2"><testcase classname="t" name="known"><skipped type="pytest.xfail" message=""/></testcase><testcase classname="t" name="rerun"/><testcase time="0.000"/></testsuite>`,
      ),
      ["pytest > known: skipped", "pytest > rerun: passed", "pytest > : errored"],
    ],
  ],
  "jest-junit": [
    [
      "a file that failed to load is there only where the reporter was told to report it",
      suites(
        `<testsuite name="a.test.js" errors="1" failures="0" tests="1"><testcase classname="Test suite failed to run" name="a.test.js"><error>no module</error></testcase></testsuite>`,
        'name="jest tests" tests="1" failures="0" errors="1"',
      ),
      ["a.test.js > a.test.js: errored"],
    ],
  ],
  Vitest: [
    [
      "each failing attempt is a failure of the same case; tests of a dead worker took no time at all",
      suites(
        `<testsuite name="a.test.ts" tests="1" failures="1" errors="0" time="0.02"><testcase classname="a.test.ts" name="cart > fails" time="0.01"><failure message="1"/><failure message="2"/></testcase></testsuite><testsuite name="b.test.ts" tests="1" failures="0" errors="0" time="0"><testcase classname="b.test.ts" name="never ran" time="0"></testcase></testsuite>`,
        'name="vitest tests" tests="2" failures="1" errors="0"',
      ),
      ["a.test.ts > cart > fails: failed", "b.test.ts > never ran: errored"],
    ],
  ],
  "node:test": [
    [
      "cases right inside of the root; to do is no failure; failures counted in comments must be shown",
      suites(
        `<testcase name="a" classname="test"/><testcase name="b" classname="test"><skipped type="todo"/><failure/></testcase><testsuite name="outer" tests="1" failures="0" errors="0"><testcase name="c" classname="test"/></testsuite><!-- tests 4 --><!-- fail 1 --><!-- cancelled 0 -->`,
      ),
      ["a: passed", "b: skipped", "outer > c: passed", "(more failures are counted than shown): errored"],
    ],
    [
      "a test that failed for the test inside of it is counted, and not shown",
      suites(
        `<testsuite name="outer" tests="1" failures="1" errors="0"><testcase name="c" classname="test"><failure/></testcase></testsuite><!-- fail 2 -->`,
      ),
      ["outer > c: failed"],
    ],
  ],
  Mocha: [
    [
      "xunit counts failures as errors and a failed hook beside its tests",
      `<testsuite name="Mocha Tests" tests="1" failures="0" errors="2" skipped="0"><testcase classname="cart" name="fails" file="/p/a.js"><failure>boom</failure></testcase><testcase classname="cart" name="&quot;before all&quot; hook for &quot;a&quot;" file="/p/a.js"><failure>no</failure></testcase></testsuite>`,
      ["Mocha Tests > fails: failed", 'Mocha Tests > "before all" hook for "a": failed'],
    ],
    [
      "mocha-junit-reporter, as Cypress uses it, has an empty root suite and the file on a suite above",
      suites(
        `<testsuite name="Root Suite" tests="0" file="cypress/e2e/a.cy.js" failures="0"></testsuite><testsuite name="cart" tests="1" failures="1"><testcase name="cart fails" classname="fails"><failure message="boom" type="Error"><![CDATA[stack]]></failure></testcase></testsuite>`,
        'name="Mocha Tests" tests="1" failures="1"',
      ),
      ["cart > cart fails: failed"],
    ],
  ],
  Playwright: [
    [
      "each project is its own test; with includeRetries a flaky test says so; a time-out is an error",
      suites(
        `<testsuite name="a.spec.ts" hostname="chromium" tests="2" failures="0" errors="1"><testcase name="cart › works" classname="a.spec.ts"><flakyFailure message="first"/></testcase><testcase name="cart › waits" classname="a.spec.ts"><error message="Test timeout"/></testcase></testsuite><testsuite name="a.spec.ts" hostname="firefox" tests="1" failures="0" errors="0"><testcase name="cart › works" classname="a.spec.ts"/></testsuite>`,
        'id="" name="" tests="3" failures="0" skipped="0" errors="1"',
      ),
      [
        "a.spec.ts > cart › works: passed, flaky",
        "a.spec.ts > cart › waits: errored",
        "a.spec.ts > cart › works: passed",
      ],
    ],
  ],
  PHPUnit: [
    [
      "suites in suites, each counting again; data sets are in the name; file of the suite above",
      suites(
        `<testsuite name="unit" tests="2" failures="1" errors="0"><testsuite name="CartTest" file="/p/CartTest.php" tests="2" failures="1" errors="0"><testsuite name="CartTest::testAdds" tests="2" failures="1" errors="0"><testcase name="testAdds with data set #0" class="CartTest" classname="CartTest"/><testcase name="testAdds with data set &quot;big&quot;" class="CartTest" classname="CartTest"><failure type="x">no</failure></testcase></testsuite></testsuite></testsuite>`,
      ),
      [
        "unit > CartTest > CartTest::testAdds > testAdds with data set #0: passed",
        'unit > CartTest > CartTest::testAdds > testAdds with data set "big": failed',
      ],
    ],
  ],
  ".NET": [
    [
      "JunitXml.TestLogger: a suite per assembly, parameters in the name, output of the suite",
      suites(
        `<testsuite name="Shop.Tests.dll" tests="2" skipped="0" failures="1" errors="0" hostname="ci"><testcase classname="Shop.CartTests" name="Adds(a: 1, b: 2)" time="0.0012"/><testcase classname="Shop.CartTests" name="Adds(a: 2, b: 2)"><failure type="failure" message="Assert.Equal()">at</failure></testcase><system-out>Test Framework Informational Messages</system-out><system-err/></testsuite>`,
      ),
      ["Shop.Tests.dll > Adds(a: 1, b: 2): passed", "Shop.Tests.dll > Adds(a: 2, b: 2): failed"],
    ],
  ],
  Go: [
    [
      "go-junit-report: a suite per package, subtests beside their parents",
      suites(
        `<testsuite name="example.com/shop" tests="3" failures="2" errors="0"><testcase name="TestAdds" classname="example.com/shop"><failure message="Failed"></failure></testcase><testcase name="TestAdds/2+2" classname="example.com/shop"><failure message="Failed">4</failure></testcase><testcase name="TestAdds/1+2#01" classname="example.com/shop"/></testsuite>`,
        'tests="3" failures="2"',
      ),
      ["TestAdds: failed", "TestAdds/2+2: failed", "TestAdds/1+2#01: passed"].map((row) => `example.com/shop > ${row}`),
    ],
    [
      "gotestsum: TestMain in a suite that counts no test; a package that did not build is only counted",
      suites(
        `<testsuite tests="0" failures="0" name="example.com/main"><testcase classname="" name="TestMain"><failure message="Failed" type="">exit status 3</failure></testcase></testsuite>`,
        'tests="0" failures="1" errors="1"',
      ),
      ["example.com/main > TestMain: failed", "(more failures are counted than shown): errored"],
    ],
  ],
  nextest: [
    [
      "flaky tests by Jenkins' elements; a flaky test that counts as failing has both",
      suites(
        `<testsuite name="shop::cart" tests="3" disabled="0" errors="0" failures="1"><testcase name="adds" classname="shop::cart"><flakyFailure type="test failure"/></testcase><testcase name="strict" classname="shop::cart"><failure type="flaky failure"/><flakyFailure type="test failure"/></testcase><testcase name="ok" classname="shop::cart"/></testsuite>`,
        'name="nextest-run" tests="3" failures="1" errors="0" uuid="u"',
      ),
      ["shop::cart > adds: passed, flaky", "shop::cart > strict: failed", "shop::cart > ok: passed"],
    ],
  ],
  CTest: [
    [
      "disabled by attribute; a missing program and a failed fixture look like skips and are none; a skip by return code is one",
      `<testsuite name="(empty)" tests="5" failures="1" disabled="1" skipped="3">
        <testcase name="off" classname="off" status="disabled"><system-out>Disabled</system-out></testcase>
        <testcase name="gone" classname="gone" status="notrun"><skipped message="Unable to find executable"/></testcase>
        <testcase name="needs" classname="needs" status="notrun"><skipped message="Fixture dependency failed"/></testcase>
        <testcase name="later" classname="later" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
        <testcase name="dies" classname="dies" status="fail"><failure message=""/></testcase></testsuite>`,
      ["off: skipped", "gone: errored", "needs: errored", "later: skipped", "dies: failed"].map(
        (row) => `(empty) > ${row}`,
      ),
    ],
  ],
  bats: [
    [
      "a test that killed itself is written as a pass, but not counted",
      suites(
        `<testsuite name="a.bats" tests="1" failures="0" errors="0" skipped="0"><testcase classname="a.bats" name="first"/><testcase classname="a.bats" name="dies"/></testsuite>`,
      ),
      ["a.bats > first: passed", "a.bats > dies: passed", "a.bats > (suite did not run all of its tests): errored"],
    ],
    [
      "escapes as references that XML forbids hide nothing",
      suites(
        `<testsuite name="a.bats" tests="1" failures="1" errors="0" skipped="0"><testcase classname="a.bats" name="a"><failure type="failure">&#27;[31mred</failure></testcase></testsuite>`,
      ),
      ["a.bats > a: failed"],
    ],
  ],
  others: [
    [
      "GoogleTest: suppressed tests by status and result",
      suites(
        `<testsuite name="Cart" tests="2" failures="0" disabled="1" errors="0"><testcase name="Adds" status="run" result="completed" classname="Cart"/><testcase name="DISABLED_Old" status="notrun" result="suppressed" classname="Cart"/></testsuite>`,
        'tests="2" failures="0" disabled="1" errors="0" name="AllTests"',
      ),
      ["Cart > Adds: passed", "Cart > DISABLED_Old: skipped"],
    ],
    [
      "Flank marks flaky cases by an attribute",
      suites(
        `<testsuite name="s" tests="1" failures="0" errors="0"><testcase name="a" classname="K" flaky="true"/></testsuite>`,
      ),
      ["s > a: passed, flaky"],
    ],
    [
      "WebdriverIO writes failure and error for one failing case",
      suites(
        `<testsuite name="s" tests="1" failures="1" errors="1"><testcase name="a" classname="K"><failure/><error message="boom"/></testcase></testsuite>`,
      ),
      ["s > a: errored"],
    ],
  ],
};

describe.each(Object.entries(DIALECTS))("%s", (_, dialects) => {
  test.each(dialects)("%s", async (_, document, rows) => {
    const read = await readJunit(document);
    expect(told(read.rows)).toEqual(rows);
    for (const row of read.rows) expect(TestStatus.options).toContain(row.status);
  });
});

test("Bazel writes an attempt to a file each: the failed one stays a row of its own", async () => {
  const target = (inside: string, failures: number) =>
    suites(
      `<testsuite name="//shop:cart_test" tests="1" failures="${failures}" errors="0"><testcase name="shop/cart_test" status="run" duration="1" time="1">${inside}</testcase><system-out>log</system-out></testsuite>`,
    );
  const disk = memoryDisk({
    "/p/shop/cart_test/test.xml": target("", 0),
    "/p/shop/cart_test/test_attempts/attempt_1.xml": target('<failure message="exited with 1"/>', 1),
  });
  const { rows } = await readReports(disk, ["."], { cwd: "/p" });
  expect(told(rows)).toEqual(["passed", "failed"].map((status) => `//shop:cart_test > shop/cart_test: ${status}`));
});

test("a report that its tool was known by is known again in every dialect that says so", async () => {
  for (const [file, tool] of [
    ["test-reports/pytest-xunit1.xml", "pytest"],
    ["test-reports/ctest.xml", "ctest"],
    ["tool-runs/rspec-junit.xml", "rspec"],
    ["tool-runs/junit-platform.xml", "junit-platform"],
    ["tool-runs/surefire/TEST-ShopTest.xml", "surefire"],
  ] as const) {
    expect((await readJunit(saved(file))).tool).toBe(tool);
  }
});

test("failures that are counted and shown in any way are no riddle", async () => {
  for (const document of [
    suites(
      '<testsuite name="s" tests="2" failures="2" errors="0"><testcase name="a" status="failed"/><testcase name="b"><failure/></testcase></testsuite>',
    ),
    suites(
      '<testsuite name="s" failures="1"><testsuite name="t" failures="1"><testcase name="a"><failure/></testcase></testsuite></testsuite>',
    ),
    suites('<testsuite name="s" failures="0" errors="1"><error message="no start"/></testsuite>'),
    suites('<testsuite name="s" failures="NaN" errors="-1"><testcase name="a"/></testsuite>'),
  ]) {
    expect(told((await readJunit(document)).rows).join()).not.toContain("more failures");
  }
});
