// node main.mjs CONTENDER FILE [CANDIDATE]: reads reports with one reader into a Map of id and status and says what they
// hold; of two, how many tests that passed in the first do not pass in the second. Last line: what the process used.
import { pathToFileURL } from "node:url";

const [contender, ...files] = process.argv.slice(2);
const { read } = await import(pathToFileURL(contender).href);
const runs = [];
for (const file of files) {
  const run = new Map();
  await read(file, (id, status) => run.set(id, status));
  runs.push(run);
}
const [first, second] = runs;
const counts = {};
for (const status of first.values()) counts[status] = (counts[status] ?? 0) + 1;
let lost = 0;
if (second) for (const [id, status] of first) if (status === "passed" && second.get(id) !== "passed") lost += 1;
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const used = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: (maxRSS * 1024) / 1e6 };
console.log(JSON.stringify({ tests: first.size, ...counts, lost, ...used }));
