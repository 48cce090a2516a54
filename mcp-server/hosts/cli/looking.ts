import { join, relative, resolve } from "node:path";
import { z } from "zod";
import { RunParameters } from "../../flow/parameters.ts";
import type { VerifyResult } from "../../flow/verify.ts";
import { filesBelow, MANIFEST_FILE, MARK_FILE, readMark } from "../../record/archive.ts";
import { verifyArchive as checkBytes } from "../../record/archive-check.ts";
import { projectPaths } from "../../record/paths.ts";
import { RunAnswer, runAnswer, runAnswerExit, runAnswerText } from "../../tools/run-answer.ts";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { flagsOf, wordsOf } from "./flags.ts";
import { writeResult } from "./output.ts";
import { InteractiveFlag, withAnswers } from "./questions.ts";

const PlanInput = RunParameters.omit({ approve: true }).extend({
  config: z.string().min(1).optional().describe("another file than deploy.yaml"),
  interactive: InteractiveFlag,
});

/** Prints the plan and its hash; starts nothing. */
export const planCommand = defineCommand({
  name: "plan",
  summary:
    "Shows what a deployment would do, what it would not judge, and the hash that a person approves. Starts nothing.",
  input: PlanInput,
  positionals: ["version"],
  run: async ({ config, interactive, ...said }, io) => {
    const parameters = await withAnswers(said, interactive, io);
    const { planRun } = await import("../../flow/api.ts");
    const { planPages } = await import("./plan-table.ts");
    const project = await openLazily(io.root, io.ports);
    const file = config === undefined ? undefined : resolve(io.cwd, config);
    const { plan, planHash } = await planRun(project, parameters, file);
    // The answers stand for the questions, and the version for itself.
    const own = flagsOf(PlanInput).filter(({ key }) => key !== "version" && key !== "interactive");
    const flags = wordsOf(own, { ...parameters, config });
    const { colours } = io.terminal;
    writeResult(io.terminal, io.format, { planHash, plan }, planPages(plan, planHash, { colours, flags }));
    return EXIT.ok;
  },
});

/** Where the run stands; with --watch until it has ended. */
export const statusCommand = defineCommand({
  name: "status",
  summary: "Says where the run stands and what to do now. Exit code of the outcome; 12 while a decision is awaited.",
  input: z.object({ watch: z.boolean().default(false).describe("follow the run until it has ended") }),
  positionals: [],
  run: async ({ watch }, io) => {
    const project = await openLazily(io.root, io.ports);
    if (watch && io.format === "text") {
      const { follow } = await import("./follow.ts");
      return follow(project, io);
    }
    const { statusOf } = await import("../../flow/api.ts");
    const { messageNow } = await import("../../flow/views/message-now.ts");
    const status = await statusOf(project);
    const out = RunAnswer.parse(runAnswer(status, undefined, messageNow(project, status.next)));
    writeResult(io.terminal, io.format, out, [runAnswerText(out), out.message].filter(Boolean).join("\n\n"));
    return runAnswerExit(out);
  },
});

/** Recomputes an archive: every byte against its digest, every verdict from its evidence. */
export const verifyCommand = defineCommand({
  name: "verify",
  summary:
    "Recomputes the digests, the journal's chain and the verdicts of an archive. Exit 1 and each difference named when it is not what was archived.",
  input: z.object({ archive: z.string().min(1).describe("archive folder") }),
  positionals: ["archive"],
  run: async ({ archive }, io) => {
    const dir = resolve(io.cwd, archive);
    if (io.ports.disk.stat(dir)?.kind !== "dir") throw noFolder(archive);
    const result = await verified(dir, io);
    const { checked } = result;
    const lines = [
      `${result.ok ? "unchanged" : "CHANGED"}: run ${result.runId}, ${result.outcome}; ${checked.events} events, ${checked.files} files, ${checked.gates} gates checked`,
      ...result.differences.map(
        ({ what, file, line }) => `  ${file ?? ""}${line === undefined ? "" : `:${line}`}${file ? ": " : ""}${what}`,
      ),
      `next: ${result.ok ? "nothing" : "treat this archive as evidence of a change; compare with a copy"}`,
    ];
    writeResult(io.terminal, io.format, result, lines.join("\n"));
    return result.ok ? EXIT.ok : EXIT.fail;
  },
});

/** A pack of named files has no run in it: its bytes are all there is to verify. */
async function verified(dir: string, io: CommandIo): Promise<VerifyResult> {
  const { disk } = io.ports;
  const isRun = ["journal.jsonl", "plan.json"].some((name) => disk.stat(join(dir, name)));
  if (isRun || !disk.stat(join(dir, MANIFEST_FILE))) {
    const { verifyArchive } = await import("../../flow/api.ts");
    return verifyArchive(await openLazily(io.root, io.ports), dir);
  }
  const differences = await checkBytes(disk, dir);
  const files = filesBelow(disk, dir).length;
  return {
    ok: differences.length === 0,
    runId: readMark(disk, join(dir, MARK_FILE))?.runId ?? "unknown",
    version: "none",
    outcome: "a pack of named files",
    checked: { events: 0, files, gates: 0 },
    differences,
  };
}

/** The runs of this project that have ended, latest last. */
export const historyCommand = defineCommand({
  name: "history",
  summary:
    "Lists the ended runs of this project, the latest last, with deployment frequency, lead time, change failure rate and time to restore.",
  input: z.object({ last: z.number().int().min(1).max(1000).default(20).describe("how many") }),
  positionals: [],
  run: async ({ last }, io) => {
    const { readRuns } = await import("../../record/incidents.ts");
    const { historyAnswer, historyText } = await import("./history-table.ts");
    const answer = historyAnswer(readRuns(io.ports.disk, projectPaths(io.root)), last);
    writeResult(io.terminal, io.format, answer, historyText(answer, io.terminal));
    return EXIT.ok;
  },
});

function noFolder(archive: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "there is no such archive",
    expected: "a folder",
    found: relative(process.cwd(), archive) || archive,
    next: "name a folder below .aiwg/archive; `deploy-flow history` lists them",
  });
}
