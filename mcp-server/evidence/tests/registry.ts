import { allureReader } from "./allure.ts";
import { ctrfReader } from "./ctrf.ts";
import { cucumberJsonReader } from "./cucumber-json.ts";
import { dartJsonReader } from "./dart-json.ts";
import { goJsonReader } from "./go-json.ts";
import { jestJsonReader } from "./jest-json.ts";
import { junitReader } from "./junit.ts";
import { mochaJsonReader } from "./mocha-json.ts";
import { mochawesomeReader } from "./mochawesome.ts";
import { nunitReader } from "./nunit.ts";
import { playwrightJsonReader } from "./playwright-json.ts";
import type { ReportReader } from "./reader.ts";
import { rspecJsonReader } from "./rspec-json.ts";
import { tapReader } from "./tap.ts";
import { testngReader } from "./testng.ts";
import { trxReader } from "./trx.ts";
import { xunitReader } from "./xunit.ts";

/** Every format that is read. A new one is a file with a reader and a line here. */
export const READERS: readonly ReportReader[] = [
  junitReader,
  jestJsonReader,
  ctrfReader,
  mochaJsonReader,
  playwrightJsonReader,
  goJsonReader,
  tapReader,
  trxReader,
  xunitReader,
  nunitReader,
  cucumberJsonReader,
  testngReader,
  mochawesomeReader,
  allureReader,
  rspecJsonReader,
  dartJsonReader,
];

/** Bytes from the start of a file that recognition looks at. */
export const HEAD_BYTES = 64 * 1024;

/** The reader that is surest of a file, by its content alone; `undefined` when none is. */
export function recognise(head: Uint8Array): ReportReader | undefined {
  let best: ReportReader | undefined;
  let sureness = 0;
  for (const reader of READERS) {
    const sure = reader.sniff(head);
    if (sure > sureness) {
      best = reader;
      sureness = sure;
    }
  }
  return best;
}
