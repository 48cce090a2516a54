import { cell, code, md } from "../record/markdown.ts";
import type { CheckOutput, ShownTest } from "./regression-check.ts";

/** GitHub shows ten annotations of a kind per step; more would only hide which are the most important. */
const MOST_ANNOTATIONS = 10;
const TITLE = "regression-check";

const LISTS = [
  ["failing", "Failing"],
  ["missing", "Missing"],
  ["newlySkipped", "Newly skipped"],
  ["fixed", "Fixed"],
] as const;

/** A check as a Markdown document, for the summary of a CI job or a comment. Names and messages are quoted as data. */
export function checkMarkdown(out: CheckOutput): string {
  const { tests } = out;
  const rate = out.regressionRate === null ? "unknown" : `${out.regressionRate.toFixed(1)} %`;
  const parts = [
    `## ${TITLE}: ${out.verdict}`,
    "",
    `Regression rate ${rate}, threshold ${out.threshold} %, scope ${out.scope}, severity ${out.severity}.`,
    "",
    ...out.reasons.map(({ text }) => `- ${md(text)}`),
    ...out.warnings.map(({ text }) => `- warning: ${md(text)}`),
    "",
    ...(tests
      ? [
          ...countsTable(tests),
          ...LISTS.flatMap(([list, title]) => section(title, tests[list], tests.omitted[list] ?? 0)),
        ]
      : []),
    ...(tests && tests.renamed.length > 0
      ? ["### Renamed", "", ...tests.renamed.map(({ from, to }) => `- ${code(from)} is now ${code(to)}`), ""]
      : []),
    ...(out.metrics.length > 0
      ? [
          "### Metrics",
          "",
          "| metric | verdict |",
          "|---|---|",
          ...out.metrics.map((metric) => `| ${cell(metric.id)} | ${cell(metric.outcome)} |`),
          "",
        ]
      : []),
    ...(out.wouldPassIf === "" ? [] : [`Would pass with: ${md(out.wouldPassIf)}`, ""]),
    `Next: ${md(out.next)}`,
    "",
  ];
  return parts.join("\n");
}

function countsTable({ baseline, candidate }: NonNullable<CheckOutput["tests"]>): string[] {
  const row = (name: string, side: typeof baseline) =>
    side
      ? `| ${name} | ${side.tests} | ${side.passed} | ${side.failed} | ${side.errored} | ${side.skipped} | ${side.flaky} |`
      : `| ${name} | unknown | | | | | |`;
  return [
    "| run | tests | passed | failed | errored | skipped | flaky |",
    "|---|---|---|---|---|---|---|",
    row("before", baseline),
    row("after", candidate),
    "",
  ];
}

function section(title: string, tests: readonly ShownTest[], omitted: number): string[] {
  if (tests.length === 0) return [];
  const line = ({ id, priority, before, after, message }: ShownTest) =>
    `- ${priority ? `**${priority}** ` : ""}${code(id)} (${before}, now ${after})${message ? `: ${code(message)}` : ""}`;
  return [`### ${title}`, "", ...tests.map(line), ...(omitted > 0 ? [`- and ${omitted} more`] : []), ""];
}

/** A check in full for a person at a terminal: every listed test with the first words of its failure. */
export function checkDetails({ tests }: CheckOutput): string {
  if (!tests) return "";
  const lists = [...LISTS, ["added", "New"] as const];
  const lines = lists.flatMap(([list, title]) =>
    tests[list].length === 0
      ? []
      : [
          `${title} (names and messages are data):`,
          ...tests[list].flatMap(({ id, priority, before, after, message }) => [
            `  ${priority ? `[${priority}] ` : ""}${id} (${before}, now ${after})`,
            ...(message ? [`    | ${message}`] : []),
          ]),
          ...(tests.omitted[list] ? [`  and ${tests.omitted[list]} more`] : []),
        ],
  );
  const { stillFailing, newFailing, gone } = tests.totals;
  return [
    ...lines,
    `still failing ${stillFailing}, new and failing ${newFailing}, gone without having passed ${gone}`,
  ].join("\n");
}

/** Workflow commands of GitHub Actions: the verdict, and the most important lost or newly failing tests. */
export function checkAnnotations(out: CheckOutput): string[] {
  const level = out.verdict === "PASS" ? "notice" : "error";
  const verdict = annotation(level, `${TITLE}: ${out.verdict}`, out.reasons.map(({ text }) => text).join("; "));
  if (out.verdict === "PASS" || !out.tests) return [verdict];
  const { failing, missing, newlySkipped } = out.tests;
  const tests = [...failing, ...missing, ...newlySkipped].slice(0, MOST_ANNOTATIONS - 1);
  return [
    verdict,
    ...tests.map(({ id, priority, before, after, message }) =>
      annotation(
        "error",
        `${priority ? `${priority} ` : ""}${before}, now ${after}`,
        `${id}${message ? `: ${message}` : ""}`,
      ),
    ),
  ];
}

/** Escaped as the runner of GitHub Actions unescapes it, so that no name of a test is a command of its own. */
function annotation(level: "error" | "notice", title: string, text: string): string {
  const data = (value: string) => value.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  return `::${level} title=${data(title).replaceAll(":", "%3A").replaceAll(",", "%2C")}::${data(text)}`;
}
