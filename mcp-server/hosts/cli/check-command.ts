import { resolve } from "node:path";
import { z } from "zod";
import { type CheckOutput, regressionCheck } from "../../tools/regression-check.ts";
import type { Command, CommandIo } from "./command.ts";
import { toolCommand } from "./tool-command.ts";

/** What only a command line has: people and CI jobs read it, agents read the result. */
const OutputFlags = z.object({
  detailed: z.boolean().default(false).describe("every listed test with the first words of its failure"),
  markdown: z.string().min(1).optional().describe("also write the result as Markdown to this file"),
});

/** `regression-check` with more ways of writing its result; under GitHub Actions annotations and the summary of the job. */
export function checkCommand(): Command {
  return toolCommand(regressionCheck, {
    flags: OutputFlags,
    after: async (result, args, io) => {
      const out = result as CheckOutput;
      const { detailed, markdown } = OutputFlags.parse(args);
      const { checkAnnotations, checkDetails, checkMarkdown } = await import("../../tools/check-document.ts");
      if (detailed && io.format === "text") io.terminal.out(`${checkDetails(out)}\n`);
      if (markdown !== undefined) io.ports.disk.writeAtomic(resolve(io.cwd, markdown), checkMarkdown(out));
      if (process.env.GITHUB_ACTIONS === "true") tellGitHub(io, checkAnnotations(out), checkMarkdown(out));
    },
  });
}

/** On standard error, so that JSON on standard output stays JSON: the runner reads both. */
function tellGitHub({ terminal, ports: { disk } }: CommandIo, annotations: readonly string[], markdown: string): void {
  for (const line of annotations) terminal.err(`${line}\n`);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (!summary) return;
  const before = disk.stat(summary) ? disk.readText(summary) : "";
  disk.writeAtomic(summary, `${before}${markdown}\n`);
}
