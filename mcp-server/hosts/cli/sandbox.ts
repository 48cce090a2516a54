import { z } from "zod";
import { EXIT, Version } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";

const START_LIMIT_MS = 60_000;

/** The state of the world that the demonstration begins with. */
export const sandboxSeedCommand = defineCommand({
  name: "sandbox-seed",
  summary: "Puts a version into a sandbox's production without a deployment.",
  input: z.object({ version: Version.describe("the version that shall run") }),
  positionals: ["version"],
  hidden: true,
  run: async ({ version }, io) => {
    const { seedSandbox } = await import("../../flow/api.ts");
    const live = await seedSandbox(await openLazily(io.root, io.ports), version, AbortSignal.timeout(START_LIMIT_MS));
    writeResult(io.terminal, io.format, { version, entryUrl: live.entryUrl }, `${version} serves ${live.entryUrl}`);
    return EXIT.ok;
  },
});

/** Ends what a sandbox left running; nothing else of the project changes. */
export const sandboxStopCommand = defineCommand({
  name: "sandbox-stop",
  summary: "Ends the services and the proxy of a sandbox.",
  input: z.object({}),
  positionals: [],
  run: async (_args, io) => {
    const { loadConfig, sandboxSection } = await import("../../flow/project.ts");
    const { openSandbox } = await import("../../target/index.ts");
    const project = await openLazily(io.root, io.ports);
    const { config } = loadConfig(project);
    await openSandbox({
      root: project.root,
      config: sandboxSection(config),
      ports: io.ports,
      daemonArgv: [],
    }).shutdown();
    writeResult(io.terminal, io.format, { stopped: true }, "the sandbox is stopped");
    return EXIT.ok;
  },
});
