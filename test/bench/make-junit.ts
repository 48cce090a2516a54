import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** How the generated candidate differs from the baseline of the same size. */
export interface JunitVariant {
  /** Number of test cases. */
  readonly cases: number;
  /** Every n-th case passes in the baseline and fails here; 0 for none. */
  readonly breakEvery?: number;
  /** Every n-th case is left out; 0 for none. */
  readonly dropEvery?: number;
}

const CASES_PER_SUITE = 50;
const STACK = Array.from(
  { length: 24 },
  (_, i) => `\tat com.example.shop.order.OrderService.step${i}(OrderService.java:${100 + i})`,
);
const OUTPUT = Array.from(
  { length: 30 },
  (_, i) => `2026-11-23 12:00:00.${100 + i} INFO  [main] c.e.shop.Service - request handled in ${i} ms`,
);

/**
 * Writes a report as Surefire writes it, about 290 bytes per case: 1 % failures and 0.3 % errors with a stack
 * trace, 2 % skipped, 5 % with captured output. The same `cases` give the same tests every time.
 */
export async function makeJunit(path: string, variant: JunitVariant): Promise<void> {
  const out = createWriteStream(path);
  out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n');
  for (let first = 0; first < variant.cases; first += CASES_PER_SUITE) {
    if (!out.write(suiteXml(first, variant))) await once(out, "drain");
  }
  out.end("</testsuites>\n");
  await once(out, "close");
}

function suiteXml(first: number, variant: JunitVariant): string {
  const suite = first / CASES_PER_SUITE;
  const name = `com.example.shop.module${suite % 97}.order.OrderService${suite}Test`;
  const last = Math.min(first + CASES_PER_SUITE, variant.cases);
  let xml = `<testsuite name="${name}" time="12.345" tests="${last - first}" errors="0" skipped="1" failures="0">\n`;
  xml += `  <properties>\n    <property name="java.version" value="21.0.4"/>\n    <property name="os.name" value="Linux"/>\n  </properties>\n`;
  for (let i = first; i < last; i++) {
    if (variant.dropEvery && i % variant.dropEvery === 7) continue;
    xml += caseXml(i, name, variant);
  }
  return `${xml}</testsuite>\n`;
}

function caseXml(i: number, classname: string, variant: JunitVariant): string {
  const kind = (Math.imul(i, 2654435761) >>> 0) % 1000;
  const open = `  <testcase name="createsOrder_${i % CASES_PER_SUITE}_whenStockIsLow[case ${i}]" classname="${classname}" time="0.${String(kind).padStart(3, "0")}"`;
  if (kind < 10 || (variant.breakEvery && i % variant.breakEvery === 3)) {
    const what = "expected: &lt;200&gt; but was: &lt;500&gt;";
    return `${open}>\n    <failure message="${what}" type="org.opentest4j.AssertionFailedError"><![CDATA[org.opentest4j.AssertionFailedError: expected: <200> but was: <500>\n${STACK.join("\n")}]]></failure>\n  </testcase>\n`;
  }
  if (kind < 13) {
    return `${open}>\n    <error message="broker gone" type="java.net.ConnectException"><![CDATA[${STACK.join("\n")}]]></error>\n  </testcase>\n`;
  }
  if (kind < 33) return `${open}>\n    <skipped message="needs a broker"/>\n  </testcase>\n`;
  if (kind < 83) return `${open}>\n    <system-out><![CDATA[${OUTPUT.join("\n")}]]></system-out>\n  </testcase>\n`;
  return `${open}/>\n`;
}
