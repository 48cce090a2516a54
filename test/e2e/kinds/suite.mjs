// A suite that does no harm in production: it searches, and writes what it saw as JUnit XML.
import { writeFileSync } from "node:fs";

const [url, report] = process.argv.slice(2);
const CASES = [
  ["finds green tea", "/search?q=green%20tea", "TEA-GREEN"],
  ["knows what is in stock", "/search?q=kettle", "isAvailable"],
];

const results = [];
for (const [name, path, wanted] of CASES) {
  const answer = await fetch(`${url}${path}`);
  results.push([name, answer.ok && (await answer.text()).includes(wanted)]);
}
const failed = results.filter(([, passed]) => !passed).length;
const rows = results.map(([name, passed]) => {
  const said = passed ? "" : '<failure message="not in the answer"/>';
  return `<testcase classname="search" name="${name}">${said}</testcase>`;
});
writeFileSync(
  report,
  `<testsuite name="search" tests="${results.length}" failures="${failed}">${rows.join("")}</testsuite>\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
