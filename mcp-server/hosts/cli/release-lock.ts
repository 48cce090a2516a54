import { z } from "zod";
import { readHeld, releaseHeld } from "../../record/held.ts";
import { readLock } from "../../record/lock.ts";
import { breakLock } from "../../record/lock-break.ts";
import { projectPaths } from "../../record/paths.ts";
import { redact } from "../../record/redact.ts";
import { EXIT, type RunId } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";
import { confirmAtTerminal, personName } from "./person.ts";

/** Frees a project that a failed rollback or a lost lock holds. A person's act at a terminal, with a reason that is kept. */
export const releaseLockCommand = defineCommand({
  name: "release-lock",
  summary:
    "Lets new runs start again after a failed rollback, or when the lock's owner is gone for good. A person does this once production is in a known state.",
  input: z.object({
    reason: z.string().trim().min(1).max(500).describe("what was done to bring production into a known state"),
  }),
  positionals: [],
  run: async ({ reason }, io) => {
    const { disk, clock, ids, processes } = io.ports;
    const { lock } = projectPaths(io.root);
    const because = [heldText(io), lockText(io)].filter((text) => text !== undefined);
    if (because.length === 0) {
      writeResult(io.terminal, io.format, { released: false, because }, "nothing holds this project");
      return EXIT.ok;
    }
    const sentence = `release the project although ${because.join(", and ")}`;
    await confirmAtTerminal({ sentence, terminal: io.terminal, ids, signal: io.signal });
    const person = personName();
    const release = { person, reason: redact(reason, 500), at: clock.wall() };
    // A living owner is refused before anything is released.
    breakLock(disk, processes, lock, release);
    const held = heldRun(io);
    releaseHeld(disk, lock, release);
    const { giveHeldClaimBack } = await import("../../flow/claims.ts");
    const problem = held && (await giveHeldClaimBack(await openLazily(io.root, io.ports), held, io.signal));
    const data = { released: true, because, ...release, ...(problem === undefined ? {} : { problem }) };
    const text = [`released: ${because.join("; ")}`, ...(problem === undefined ? [] : [problem])].join("\n");
    writeResult(io.terminal, io.format, data, text);
    return EXIT.ok;
  },
});

/** The run that failed to roll back; undefined where its record cannot be read. */
function heldRun(io: CommandIo): RunId | undefined {
  try {
    return readHeld(io.ports.disk, projectPaths(io.root).lock)?.runId;
  } catch {
    return undefined;
  }
}

function heldText(io: CommandIo): string | undefined {
  try {
    const held = readHeld(io.ports.disk, projectPaths(io.root).lock);
    return held && `run ${held.runId} failed to roll back: ${redact(held.reason, 300)}`;
  } catch {
    return "the record of a failed rollback cannot be read";
  }
}

function lockText(io: CommandIo): string | undefined {
  try {
    const holder = readLock(io.ports.disk, projectPaths(io.root).lock);
    return holder && `run ${holder.runId} has the lock, process ${holder.pid} on ${holder.host}`;
  } catch {
    return "the lock cannot be read";
  }
}
