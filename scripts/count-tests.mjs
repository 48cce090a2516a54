// Prints "PASSED FAILED" of Vitest JSON reports; a file of a later report stands in for the same file of an earlier one.
// With --again, prints the files whose failures a second try may explain instead. A file that could not be loaded, a
// report that cannot be read, and a run without a single test each count as a failure: silence is not success.
import { readFileSync } from "node:fs";

/** Whole deployments with real processes: each is judged with an error rate, and a machine can be busy for a moment. */
const SECOND_TRY = /\/test\/(?:e2e|target|demo)\//;

const words = process.argv.slice(2);
const reports = words.filter((word) => word !== "--again");
const files = new Map();
let unreadable = 0;
for (const path of reports) {
  try {
    const report = JSON.parse(readFileSync(path, "utf8"));
    for (const file of report.testResults) files.set(file.name, file);
    if (!report.success && report.testResults.every(isWell)) unreadable += 1;
  } catch (error) {
    console.error(`the test report cannot be read: ${error.message}`);
    unreadable += 1;
  }
}

function isWell(file) {
  return file.status !== "failed" && file.assertionResults.every(({ status }) => status !== "failed");
}

function countOf(status) {
  return [...files.values()].flatMap((file) => file.assertionResults).filter((test) => test.status === status).length;
}

if (words.includes("--again")) {
  const failed = [...files.values()].filter((file) => !isWell(file)).map(({ name }) => name);
  if (unreadable === 0 && failed.every((name) => SECOND_TRY.test(name))) console.log(failed.join("\n"));
} else {
  const notLoaded = [...files.values()].filter(
    (file) => file.status === "failed" && file.assertionResults.every(({ status }) => status !== "failed"),
  ).length;
  const passed = countOf("passed");
  const failed = countOf("failed") + notLoaded + unreadable;
  console.log(`${passed} ${passed + failed === 0 ? 1 : failed}`);
}
