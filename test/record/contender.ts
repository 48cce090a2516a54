// A process of its own for real-processes.test.ts: tries to become the owner of a lock, then writes until it is killed.
import { z } from "zod";
import { randomIds, realDisk, realProcesses, systemClock } from "../../mcp-server/ports/index.ts";
import { openJournal } from "../../mcp-server/record/journal-file.ts";
import { acquireLock } from "../../mcp-server/record/lock.ts";
import { RunId } from "../../mcp-server/vocab/index.ts";

const [path = "", runId = ""] = process.argv.slice(2);
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  const lock = await acquireLock({
    disk: realDisk,
    processes: realProcesses,
    ids: randomIds,
    path,
    runId: RunId.parse(runId),
    socketAnswers: async () => false,
  });
  say({ won: lock.epoch });
  const journal = openJournal({
    disk: realDisk,
    clock: systemClock,
    path: `${path}.journal`,
    schema: z.number(),
    epoch: lock.epoch,
  });
  for (;;) {
    const { seq } = journal.append(journal.events().length + 1, { kind: "runner", name: "contender" });
    say({ wrote: seq });
    await systemClock.sleep(1);
  }
} catch (error) {
  say({ lost: (error as { code?: string }).code ?? String(error) });
}
