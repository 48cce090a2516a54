import { resolve } from "node:path";
import { z } from "zod";
import { RunParameters } from "../../flow/parameters.ts";
import type { Project } from "../../flow/project.ts";
import type { RunStatus } from "../../flow/status.ts";
import type { Actor, ExitCode } from "../../vocab/index.ts";
import { EXIT } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { personName } from "./person.ts";
import { InteractiveFlag, withAnswers } from "./questions.ts";

const ConfigFile = z.string().min(1).optional().describe("another file than deploy.yaml");

const Input = RunParameters.extend({
  config: ConfigFile,
  interactive: InteractiveFlag,
  detach: z.boolean().default(false).describe("start the run and return at once"),
});

/**
 * Deploys. At a terminal a detached runner does it and this only watches, so closing the terminal stops nothing; in a
 * job this process is the runner and stays until the outcome.
 */
export const runCommand = defineCommand({
  name: "run",
  summary:
    "Deploys a version and stays until its outcome. At a terminal Ctrl-C only stops watching; in a job SIGTERM aborts or rolls back.",
  input: Input,
  positionals: ["version"],
  run: async ({ config, detach, interactive, ...said }, io) => {
    const parameters = await withAnswers(said, interactive, io);
    const project = await openLazily(io.root, io.ports);
    const configFile = config === undefined ? {} : { configFile: resolve(io.cwd, config) };
    if (!io.terminal.isTty && !detach) return foreground(io, parameters, configFile);
    const { startRun, statusOf } = await import("../../flow/api.ts");
    const started = await startRun(project, parameters, {
      unattended: !io.terminal.isTty,
      actor: actorOf(io),
      ...configFile,
    });
    if (detach) {
      const { writeResult } = await import("./output.ts");
      const { runAnswer, runAnswerText } = await import("../../tools/run-answer.ts");
      const out = runAnswer(await statusOf(project));
      writeResult(io.terminal, io.format, out, runAnswerText(out));
      return EXIT.ok;
    }
    const { planPages } = await import("./plan-table.ts");
    io.terminal.out(
      `${planPages(started.plan, started.planHash, { colours: io.terminal.colours, isStarted: true })}\n`,
    );
    const { follow } = await import("./follow.ts");
    return follow(project, io);
  },
});

function actorOf(io: CommandIo): Actor {
  return { kind: io.terminal.isTty ? "person" : "client", name: personName() };
}

/** This process is the runner. A line per event that matters; JSON output holds back everything but the last word. */
async function foreground(io: CommandIo, parameters: RunParameters, o: { configFile?: string }): Promise<ExitCode> {
  const { runHere } = await import("../../flow/api.ts");
  const project = await openLazily(io.root, io.ports);
  const say = io.format === "json" ? io.terminal.err : io.terminal.out;
  const { startText } = await import("../../flow/views/start.ts");
  const { narrator } = await import("./narrator.ts");
  let narrate: ReturnType<typeof narrator> | undefined;
  const status = await runHere(project, parameters, {
    unattended: true,
    actor: actorOf(io),
    ...o,
    onPlan: ({ plan, planHash }) => {
      narrate = narrator(plan);
      say(`${startText(plan, planHash)}\n${clockText(io)} plan ${planHash} of version ${plan.version}\n`);
    },
    onEvent: (stamped) => {
      for (const line of narrate?.(stamped) ?? []) say(`${line}\n`);
    },
    signal: io.signal,
  });
  await lastWord(project, io, status);
  return status.exitCode ?? EXIT.internal;
}

async function lastWord(project: Project, io: CommandIo, status: RunStatus): Promise<void> {
  if (io.format === "json") {
    const { runAnswer } = await import("../../tools/run-answer.ts");
    io.terminal.out(`${JSON.stringify(runAnswer(status), null, 2)}\n`);
    return;
  }
  const { finalText } = await import("./final.ts");
  io.terminal.out(`${await finalText(project, status)}\n`);
}

function clockText(io: CommandIo): string {
  return `${io.ports.clock.wall().slice(11, 19)}Z`;
}
