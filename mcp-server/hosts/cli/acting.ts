import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { defineCommand } from "./command.ts";

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
    const { loadConfig, sandboxSection } = await import("../../flow/project.ts");
    const { runSandboxDaemon } = await import("../../target/index.ts");
    const { config } = loadConfig(await openLazily(io.root, io.ports));
    await runSandboxDaemon({ root: io.root, config: sandboxSection(config), ports: io.ports, signal: io.signal });
    return EXIT.ok;
  },
});
