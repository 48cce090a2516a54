import { z } from "zod";
import { PROGRAM_VERSION } from "../../tools/version.ts";
import { EXIT } from "../../vocab/index.ts";
import { installedChecks } from "../install/installed.ts";
import { openLazily } from "../io.ts";
import { defineCommand } from "./command.ts";
import { skillFolders } from "./install.ts";
import { writeResult } from "./output.ts";

const SIGNS = { ok: "✓", warning: "⚠️", problem: "❌" } as const;

/** Says what this machine and project lack for deployments. */
export const doctorCommand = defineCommand({
  name: "doctor",
  summary:
    "Says what this machine and project lack for deployments: Node.js, programs, folders, ports, deploy.yaml. Changes nothing.",
  input: z.object({}),
  positionals: [],
  run: async (_args, io) => {
    const { examine } = await import("../../flow/doctor.ts");
    const machine = await examine(await openLazily(io.root, io.ports), process.versions.node, io.signal);
    const skills = installedChecks(io.ports.disk, skillFolders(io.root), PROGRAM_VERSION);
    const checks = [...machine, ...skills];
    const isWell = checks.every(({ state }) => state !== "problem");
    const lines = checks.flatMap(({ id, state, found, next }) => [
      `${SIGNS[state]} ${id}: ${found}`,
      ...(next === undefined ? [] : [`    ${next}`]),
    ]);
    writeResult(io.terminal, io.format, { isWell, checks }, lines.join("\n"));
    return isWell ? EXIT.ok : EXIT.fail;
  },
});
