import type { Line } from "./measure.ts";

interface Large {
  readonly bytes: number;
  readonly cases: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** The measured part of docs/report-benchmark.md. */
export function pageText(
  lines: readonly Line[],
  large: Large | undefined,
  machine: { node: string; processor: string },
): string {
  const tables = [...new Set(lines.map(({ cases }) => cases))].flatMap((cases) =>
    (["one", "two"] as const).flatMap((task) =>
      table(lines.filter((line) => line.cases === cases && line.task === task)),
    ),
  );
  return [
    `Node.js ${machine.node}, ${machine.processor}.`,
    "",
    ...tables,
    ...(large === undefined
      ? []
      : [
          "### More than one text can hold",
          "",
          `A report of ${whole(large.cases)} cases in ${(large.bytes / 1e6).toFixed(0)} MB, above the 512 MB that a text of Node.js can have: \`inspect\``,
          `found every one of them in ${seconds(large.cpuSeconds)} CPU seconds and ${large.peakMb.toFixed(0)} MB.`,
          "",
        ]),
  ].join("\n");
}

function table(lines: readonly Line[]): string[] {
  const [first] = lines;
  const own = lines.find(({ contender }) => contender.budget);
  if (!first || !own) return [];
  const title = first.task === "one" ? "One report" : "Two reports compared";
  return [
    `### ${title} of ${whole(first.cases)} cases, ${first.megabytes.toFixed(0)} MB${first.task === "two" ? " each" : ""}`,
    "",
    "| reader | CPU s | times ours | peak MB | runs | found |",
    "|---|---|---|---|---|---|",
    ...lines.map(
      ({ contender, cpuSeconds, peakMb, runs, found }) =>
        `| ${contender.name} | ${seconds(cpuSeconds)} | ${(cpuSeconds / own.cpuSeconds).toFixed(2)} | ${peakMb.toFixed(0)} | ${runs} | ${contender.bound ? "-" : found} |`,
    ),
    "",
  ];
}

function seconds(value: number): string {
  return value < 1 ? value.toFixed(2) : value.toFixed(1);
}

function whole(value: number): string {
  return value.toLocaleString("en-US");
}
