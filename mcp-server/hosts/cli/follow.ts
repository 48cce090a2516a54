import { styleText } from "node:util";
import type { Project } from "../../flow/project.ts";
import type { RunStatus } from "../../flow/status.ts";
import { EXIT, type ExitCode } from "../../vocab/index.ts";
import type { CommandIo } from "./command.ts";
import { panelLines } from "./panel.ts";

const LOUD = [
  [/Z (?:ROLLBACK|OUTCOME (?:BLOCKED|ROLLED_BACK|ROLLBACK_FAILED)|GATE [^:]*: FAIL)/, "red"],
  [/Z (?:QUESTION|warning:|OUTCOME (?:ABORTED|UNPROVEN)|GATE [^:]*: INCONCLUSIVE)/, "yellow"],
  [/Z (?:OUTCOME SUCCESS|GATE [^:]*: PASS)/, "green"],
  [/Z step /, "bold"],
] as const;

const REDRAW_MS = 500;
/** How often it is made sure that the runner lives. */
const LOOK_AFTER_RUNNER_MS = 5_000;

/** Where lines go: above a live panel in a terminal, or just out. */
interface Display {
  line(text: string): void;
  panel(status: RunStatus): void;
  done(): void;
}

/** Shows a run until it is archived or the caller lets go; letting go leaves the run alone. */
export async function follow(project: Project, io: CommandIo): Promise<ExitCode> {
  const { followRun, statusOf } = await import("../../flow/api.ts");
  const { readRun } = await import("../../flow/run-files.ts");
  const display = await displayOf(io);
  const first = await statusOf(project);
  if (first.runner.restarted) display.line(first.runner.restarted);
  if (first.state === "none") return finish(project, display, io, first);
  const over = new AbortController();
  const signal = AbortSignal.any([io.signal, over.signal]);
  const redraw = redrawing(project, io, display, signal);
  try {
    const { narrator } = await import("./narrator.ts");
    const plan = readRun(project)?.plan;
    const narrate = plan && narrator(plan);
    for await (const stamped of followRun(project, 1, signal)) {
      for (const line of narrate?.(stamped) ?? []) display.line(line);
    }
  } finally {
    over.abort();
    await redraw;
  }
  const last = await statusOf(project);
  if (last.state !== "finished") {
    display.done();
    io.terminal.err("\nno longer following; the run goes on by itself. `deploy-flow status --watch` follows again\n");
    return EXIT.interrupted;
  }
  return finish(project, display, io, last);
}

async function finish(project: Project, display: Display, io: CommandIo, status: RunStatus): Promise<ExitCode> {
  display.done();
  const { finalText } = await import("./final.ts");
  io.terminal.out(`${await finalText(project, status)}\n`);
  return status.exitCode ?? EXIT.ok;
}

async function redrawing(project: Project, io: CommandIo, display: Display, signal: AbortSignal): Promise<void> {
  const { statusOf } = await import("../../flow/api.ts");
  const { readRun } = await import("../../flow/run-files.ts");
  const { statusView } = await import("../../flow/status.ts");
  const { clock } = io.ports;
  let looked = clock.mono();
  while (!signal.aborted) {
    await clock.sleep(io.terminal.isTty ? REDRAW_MS : LOOK_AFTER_RUNNER_MS, signal);
    if (signal.aborted) return;
    if (clock.mono() - looked >= LOOK_AFTER_RUNNER_MS) {
      looked = clock.mono();
      const status = await statusOf(project);
      if (status.runner.restarted) display.line(status.runner.restarted);
    }
    if (!io.terminal.isTty) continue;
    const run = readRun(project);
    if (run) display.panel(statusView(run.state, { alive: true }, clock.wall()));
  }
}

async function displayOf(io: CommandIo): Promise<Display> {
  const { terminal } = io;
  // Some terminals of jobs call themselves zero columns wide; nothing can be drawn on them.
  if (!terminal.isTty || !process.stdout.columns)
    return { line: (text) => terminal.out(`${text}\n`), panel: () => {}, done: () => {} };
  const { createLogUpdate } = await import("log-update");
  const log = createLogUpdate(process.stdout, { showCursor: true });
  let shown: string | undefined;
  return {
    line: (text) => {
      log.persist(terminal.colours ? coloured(text) : text);
      // A line pushes the panel away; it comes back at once, not at the next look.
      if (shown !== undefined) log(shown);
    },
    panel: (status) => {
      shown = panelLines(status, terminal).join("\n");
      log(shown);
    },
    done: () => {
      shown = undefined;
      log.clear();
      log.done();
    },
  };
}

/** The lines that a person looks for stand out. */
function coloured(line: string): string {
  const colour = LOUD.find(([pattern]) => pattern.test(line))?.[1];
  return colour ? styleText(colour, line, { validateStream: false }) : line;
}
