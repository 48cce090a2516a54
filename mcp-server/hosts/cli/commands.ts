import { TOOLS } from "../../tools/registry.ts";
import { demoCommand, runnerCommand, sandboxDaemonCommand } from "./acting.ts";
import { checkCommand } from "./check-command.ts";
import type { Command } from "./command.ts";
import { doctorCommand } from "./doctor.ts";
import { incidentCommand } from "./incident.ts";
import { initCommand } from "./init.ts";
import { inspectCommand } from "./inspect.ts";
import { installCommand, uninstallCommand } from "./install.ts";
import { historyCommand, planCommand, statusCommand, verifyCommand } from "./looking.ts";
import { releaseLockCommand } from "./release-lock.ts";
import { runCommand } from "./run.ts";
import { sandboxSeedCommand, sandboxStopCommand } from "./sandbox.ts";
import { serveCommand } from "./serve.ts";
import { toolCommand } from "./tool-command.ts";

/** All commands, grouped as the help shows them. */
export const COMMAND_GROUPS: readonly { title: string; commands: readonly Command[] }[] = [
  {
    title: "Deploy",
    commands: [
      initCommand,
      doctorCommand,
      runCommand,
      planCommand,
      statusCommand,
      historyCommand,
      verifyCommand,
      inspectCommand,
      releaseLockCommand,
      incidentCommand,
    ],
  },
  {
    title: "The same tools that an agent gets over MCP",
    commands: TOOLS.map((tool) => (tool.name === "regression-check" ? checkCommand() : toolCommand(tool))),
  },
  {
    title: "Doors",
    commands: [
      serveCommand,
      installCommand,
      uninstallCommand,
      demoCommand,
      sandboxStopCommand,
      sandboxSeedCommand,
      runnerCommand,
      sandboxDaemonCommand,
    ],
  },
];

export const COMMANDS: readonly Command[] = COMMAND_GROUPS.flatMap((group) => group.commands);
