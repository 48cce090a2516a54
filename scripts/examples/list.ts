import { artifactFiles } from "../../mcp-server/flow/artifacts.ts";
import { auditTrail, metricsFile } from "../../mcp-server/flow/audit.ts";
import { recordOf } from "../../mcp-server/flow/views/record.ts";
import { finalSummary } from "../../mcp-server/flow/views/summary.ts";
import { exampleBlocked, exampleRolledBack, exampleSuccess } from "../../test/flow/views/example-runs.ts";
import type { Scribe } from "../../test/flow/views/scribe.ts";

/** A file below docs/examples. */
export interface ExampleFile {
  readonly path: string;
  readonly text: string;
}

const RUNS: Record<string, { run: () => Scribe; title: string; what: string }> = {
  success: { run: exampleSuccess, title: "SUCCESS", what: "a healthy release, from 5 % to the end of the observation" },
  blocked: {
    run: exampleBlocked,
    title: "BLOCKED",
    what: "12 of 150 tests lost at a threshold of 5 %: stopped in staging",
  },
  "rolled-back": {
    run: exampleRolledBack,
    title: "ROLLED_BACK",
    what: "well at 5 %, failing at 25 %: taken back in the canary",
  },
};

/** Every document of three runs, made from their journals as a run makes them. The same bytes every time. */
export function exampleFiles(): ExampleFile[] {
  const runs = Object.entries(RUNS).map(([folder, own]) => ({ folder, ...own, files: filesOf(own.run()) }));
  const files = runs.flatMap(({ folder, files: own }) =>
    own.map(({ path, text }) => ({ path: `${folder}/${path}`, text })),
  );
  return [{ path: "README.md", text: index(runs) }, ...files];
}

function filesOf(s: Scribe): ExampleFile[] {
  const run = { state: s.state, events: s.events };
  return [
    ...artifactFiles(recordOf(s.plan, s.events)).map(({ path, text }) => ({ path: shortened(path), text })),
    { path: "audit-trail.md", text: auditTrail(run) },
    { path: "metrics.json", text: metricsFile(run) },
    { path: "summary.txt", text: finalSummary(s) },
  ];
}

function shortened(path: string): string {
  return path.replace(/^\.aiwg\//, "").replace(/^working\/deployment\//, "working/");
}

function index(
  runs: readonly { folder: string; title: string; what: string; files: readonly ExampleFile[] }[],
): string {
  const parts = runs.flatMap(({ folder, title, what, files }) => [
    `## ${title}`,
    "",
    `${what[0]?.toUpperCase() ?? ""}${what.slice(1)}.`,
    "",
    ...files.map(({ path }) => `- [${path}](${folder}/${path})`),
    "",
  ]);
  return [
    "# Examples of every document",
    "",
    "Three runs of an imagined shop, rendered from their journals by `npm run examples`, byte for byte as a run renders",
    "them. The requests were not served by anybody: a program with fixed dice counted them, and the judge judged them.",
    "",
    ...parts,
  ].join("\n");
}
