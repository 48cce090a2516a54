// Prints "PASSED FAILED" of a Vitest JSON report. A file that could not be loaded, a report that cannot be read,
// and a run without a single test each count as a failure: silence is not success.
import { readFileSync } from "node:fs";

let passed = 0;
let failed = 0;
try {
  const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed += 1;
      else if (test.status === "failed") failed += 1;
    }
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) failed += 1;
  }
  if (!report.success && failed === 0) failed = 1;
} catch (error) {
  console.error(`the test report cannot be read: ${error.message}`);
  failed += 1;
}
if (passed + failed === 0) failed = 1;
console.log(`${passed} ${failed}`);
