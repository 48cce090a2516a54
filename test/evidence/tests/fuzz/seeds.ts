import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReportReader } from "../../../../mcp-server/evidence/tests/reader.ts";
import { READERS, recognise } from "../../../../mcp-server/evidence/tests/registry.ts";

/** Reports of the formats of which no file of a real tool is among the fixtures: as their schemas have it. */
const BY_SCHEMA = [
  `<?xml version="1.0" encoding="utf-8"?>
<TestRun id="1" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
  <Results>
    <UnitTestResult testId="t1" testName="A" outcome="Failed" duration="00:01:02.5000000"><Output><StdOut>noise</StdOut>
      <ErrorInfo><Message>expected &lt;1&gt;</Message><StackTrace>at A()</StackTrace></ErrorInfo></Output></UnitTestResult>
    <UnitTestResult testId="t2" testName="B" outcome="Passed"><InnerResults>
      <UnitTestResult testId="t2" testName="B (x: 1)" outcome="Passed" /></InnerResults></UnitTestResult>
    <UnitTestResult testId="t3" testName="C [P1]" outcome="NotExecuted" />
  </Results>
  <TestDefinitions><UnitTest name="A" id="t1"><TestCategory><TestCategoryItem TestCategory="P0" /></TestCategory>
    <TestMethod className="Shop.Cart, Shop, Version=1.0" name="A" /></UnitTest></TestDefinitions>
  <ResultSummary outcome="Failed"><Counters total="3" passed="1" failed="1" /></ResultSummary>
</TestRun>`,
  `<?xml version="1.0"?>
<assemblies><assembly name="C:\\ci\\Shop.dll" total="3" failed="1" errors="1">
  <errors><error type="fixture-cleanup"><failure><message><![CDATA[gone]]></message></failure></error></errors>
  <collection name="Test collection for Cart">
    <test name="Cart.Adds(x: 1)" type="Cart" method="Adds" time="0.0125" result="Pass"><traits><trait name="Category" value="P1"/></traits></test>
    <test name="Cart.Fails" type="Cart" time="0.5" result="Fail"><failure><message><![CDATA[no]]></message><stack-trace>at</stack-trace></failure></test>
    <test name="Cart.Skips" type="Cart" result="Skip"><reason>later</reason></test>
  </collection></assembly></assemblies>`,
  `{"protocolVersion":"0.1.1","runnerVersion":"1.24.0","pid":7,"type":"start","time":0}
{"suite":{"id":0,"platform":"vm","path":"test/cart_test.dart"},"type":"suite","time":0}
{"test":{"id":1,"name":"loading test/cart_test.dart","suiteID":0},"type":"testStart","time":1}
{"testID":1,"result":"success","skipped":false,"hidden":true,"type":"testDone","time":300}
{"test":{"id":2,"name":"adds an item @P0","suiteID":0},"type":"testStart","time":301}
{"testID":2,"result":"success","skipped":false,"hidden":false,"type":"testDone","time":310}
{"test":{"id":3,"name":"fails","suiteID":0},"type":"testStart","time":311}
{"testID":3,"error":"Expected: <3>","stackTrace":"a.dart 7:5","isFailure":true,"type":"error","time":320}
{"testID":3,"result":"failure","skipped":false,"hidden":false,"type":"testDone","time":321}
{"success":false,"type":"done","time":330}
`,
];

/** Reports of more tools. Each is taken where no other file of its format is there, to keep the tests short. */
const MORE_FIXTURES = "test/fixtures/tool-runs";

/** A report that is whole, and the reader that it belongs to. */
export interface Seed {
  readonly name: string;
  readonly reader: ReportReader;
  readonly data: Buffer;
}

/** What mutation starts from: every fixture below 256 KiB of every format, with or without a file of its own. */
export function seedsIn(folder: string): Seed[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const all = [
    ...files.map((file) => ({ name: file, data: readFileSync(file) })),
    ...BY_SCHEMA.map((text, i) => ({ name: `by schema ${i}`, data: Buffer.from(text) })),
  ];
  return all.flatMap(({ name, data }) => {
    const reader = data.length < 256 * 1024 ? recognise(data) : undefined;
    return reader ? [{ name, reader, data }] : [];
  });
}

/** The seeds of each reader of the registry, in its order; a format without a seed is an error: nothing would test it. */
export function seedsByReader(folder: string): (readonly Seed[])[] {
  const seeds = seedsIn(folder);
  const more = seedsIn(MORE_FIXTURES);
  return READERS.map((reader) => {
    const first = seeds.filter((seed) => seed.reader === reader);
    const own = first.length > 0 ? first : more.filter((seed) => seed.reader === reader);
    if (own.length === 0) throw new Error(`no report of ${reader.format} to start from: put one into ${folder}`);
    return own;
  });
}
