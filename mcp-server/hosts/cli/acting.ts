import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readHeld, releaseHeld } from "../../record/held.ts";
import { projectPaths } from "../../record/paths.ts";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";
import { askLine, confirmAtTerminal, personName } from "./person.ts";

/** Frees a project that a failed rollback holds. A person's act, with a reason that is kept. */
export const releaseLockCommand = defineCommand({
  name: "release-lock",
  summary: "Lets new runs start again after a failed rollback; a person does this once production is in a known state.",
  input: z.object({
    reason: z.string().min(1).max(500).describe("what was done to bring production into a known state"),
    unattended: z.boolean().default(false).describe("no terminal: do it without a typed code"),
  }),
  positionals: [],
  run: async ({ reason, unattended }, io) => {
    const { disk, clock, ids } = io.ports;
    const { lock } = projectPaths(io.root);
    const held = heldText(io);
    if (held === undefined) {
      writeResult(io.terminal, io.format, { released: false }, "nothing holds this project");
      return EXIT.ok;
    }
    if (!unattended) {
      const sentence = `release the project although ${held}`;
      await confirmAtTerminal({ sentence, terminal: io.terminal, ids, ask: (prompt) => askLine(prompt, io.signal) });
    }
    const person = personName();
    const released = releaseHeld(disk, lock, { person, reason, at: clock.wall() });
    writeResult(io.terminal, io.format, { released, person, reason, held }, `released: ${held}`);
    return EXIT.ok;
  },
});

function heldText(io: Parameters<typeof releaseLockCommand.run>[1]): string | undefined {
  try {
    const held = readHeld(io.ports.disk, projectPaths(io.root).lock);
    return held && `run ${held.runId} failed to roll back: ${held.reason}`;
  } catch {
    return "the record of a failed rollback cannot be read";
  }
}

/** The MCP server. Standard output carries the protocol and nothing else. */
export const serveCommand = defineCommand({
  name: "serve",
  summary: "Serves the tools over the Model Context Protocol on standard input and output.",
  input: z.object({ stdio: z.boolean().default(true).describe("over standard input and output") }),
  positionals: [],
  run: async ({ stdio }, io) => {
    if (!stdio) {
      throw new FlowError({
        code: "usage",
        what: "there is no other transport than standard input and output",
        next: "leave --no-stdio away",
      });
    }
    const { serveStdio } = await import("../mcp/stdio.ts");
    await serveStdio({ root: io.root, ports: io.ports, signal: io.signal });
    return EXIT.ok;
  },
});

/** Runs the three demonstration deployments that come with the package. */
export const demoCommand = defineCommand({
  name: "demo",
  summary: "Deploys three releases of a small shop under load: a success, one blocked in staging, one rolled back.",
  input: z.object({}),
  positionals: [],
  run: async (_args, io) => {
    const script = join(dirname(fileURLToPath(import.meta.url)), "..", "scripts", "demo", "demo.mjs");
    if (!io.ports.disk.stat(script)) {
      throw new FlowError({
        code: "usage",
        what: "the demonstration is not part of this installation",
        expected: script,
        found: "no such file",
        next: "run it from a checkout or from the npm package",
      });
    }
    const env = Object.fromEntries(
      Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    );
    const words = [process.execPath, script, process.argv[1] ?? "", "--format", io.format];
    const child = io.ports.processes.spawnChild(words, { cwd: io.cwd, env, stdio: "inherit" });
    io.signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    const code = await new Promise<number>((resolve) => child.on("close", (exit) => resolve(exit ?? EXIT.internal)));
    return code === 0 ? EXIT.ok : io.signal.aborted ? EXIT.interrupted : EXIT.fail;
  },
});

/** Body of the detached owner of a run. */
export const runnerCommand = defineCommand({
  name: "runner",
  summary: "The process that owns a run.",
  input: z.object({ start: z.string().optional(), resume: z.boolean().default(false) }),
  positionals: [],
  hidden: true,
  run: async ({ start, resume }, io) => {
    const { runOwner } = await import("../../flow/api.ts");
    await runOwner(await openLazily(io.root, io.ports), { ...(start === undefined ? {} : { start }), resume });
    return EXIT.ok;
  },
});

/** Body of the process that keeps a sandbox target's services and proxy. */
export const sandboxDaemonCommand = defineCommand({
  name: "sandbox-daemon",
  summary: "The process that keeps the services of a sandbox.",
  input: z.object({}),
  positionals: [],
  hidden: true,
  run: async (_args, io) => {
    const { loadConfig } = await import("../../flow/project.ts");
    const { runSandboxDaemon } = await import("../../target/index.ts");
    const { config } = loadConfig(await openLazily(io.root, io.ports));
    await runSandboxDaemon({ root: io.root, config: config.target, ports: io.ports, signal: io.signal });
    return EXIT.ok;
  },
});
