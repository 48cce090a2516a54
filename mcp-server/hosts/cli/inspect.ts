import { relative } from "node:path";
import { z } from "zod";
import { noTests, type TestCounts } from "../../judge/tests/row.ts";
import { EXIT } from "../../vocab/index.ts";
import { defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";

/** Says what test reports hold before anything is judged by them. */
export const inspectCommand = defineCommand({
  name: "inspect",
  summary: "Says what test reports hold: format, tool, counts and oddities of each file, and the sum.",
  input: z.object({ reports: z.array(z.string().min(1)).min(1).describe("report files, folders or globs") }),
  positionals: ["reports"],
  run: async ({ reports }, io) => {
    const { inspectReports } = await import("../../evidence/tests/index.ts");
    const found = await inspectReports(io.ports.disk, reports, { cwd: io.cwd, roots: [io.root, io.cwd] });
    const shown = (path: string) => relative(io.cwd, path);
    const read = found.files.map(({ file, format, tool, counts, warnings }) => ({
      file: shown(file),
      format,
      tool: tool ?? null,
      counts,
      warnings: warnings.map(({ code, text, line }) => ({ code, text, ...(line === undefined ? {} : { line }) })),
    }));
    // Files that count for nothing are listed with the reason: copies, and what lies beside reports.
    const leftOut = found.warnings.flatMap(({ file, code, text }) =>
      file === undefined
        ? []
        : [{ file: shown(file), format: null, tool: null, counts: noTests(), warnings: [{ code, text }] }],
    );
    const text = [
      ...read.flatMap(({ file, format, tool, counts, warnings }) => [
        `${file}: ${format}${tool ? ` by ${tool}` : ""}: ${countsText(counts)}`,
        ...warnings.map(({ text, line }) => `  warning: ${text}${line === undefined ? "" : ` (line ${line})`}`),
      ]),
      ...leftOut.flatMap(({ file, warnings }) => warnings.map(({ text }) => `${file}: warning: ${text}`)),
      `total: ${countsText(found.total)}`,
    ].join("\n");
    writeResult(io.terminal, io.format, { files: [...read, ...leftOut], total: found.total }, text);
    return EXIT.ok;
  },
});

function countsText(counts: TestCounts): string {
  const { tests, passed, failed, errored, skipped, flaky } = counts;
  return `${tests} tests, ${passed} passed, ${failed} failed, ${errored} errored, ${skipped} skipped${flaky > 0 ? `, ${flaky} of the passed flaky` : ""}`;
}
