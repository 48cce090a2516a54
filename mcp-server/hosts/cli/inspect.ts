import { relative } from "node:path";
import { z } from "zod";
import type { TestCounts } from "../../judge/tests/row.ts";
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
    const files = found.files.map((file) => ({ ...file, file: relative(io.cwd, file.file) }));
    const text = [
      ...files.flatMap(({ file, format, tool, counts, warnings }) => [
        `${file}: ${format}${tool ? ` by ${tool}` : ""}: ${countsText(counts)}`,
        ...warnings.map(
          (warning) => `  warning: ${warning.text}${warning.line === undefined ? "" : ` (line ${warning.line})`}`,
        ),
      ]),
      ...found.warnings.map((warning) => `warning: ${warning.text}`),
      `total: ${countsText(found.total)}`,
    ].join("\n");
    writeResult(io.terminal, io.format, { files, total: found.total, warnings: found.warnings }, text);
    return EXIT.ok;
  },
});

function countsText(counts: TestCounts): string {
  const { tests, passed, failed, errored, skipped, flaky } = counts;
  return `${tests} tests, ${passed} passed, ${failed} failed, ${errored} errored, ${skipped} skipped${flaky > 0 ? `, ${flaky} of the passed flaky` : ""}`;
}
