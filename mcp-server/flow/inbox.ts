import { basename, join } from "node:path";
import { z } from "zod";
import { Actor, RunId } from "../vocab/index.ts";
import type { RunControl } from "./engine.ts";
import { Request } from "./events.ts";
import type { Project } from "./project.ts";
import { ANOTHER_QUESTION, finishLastRequest, type Receipt, takeRequest } from "./requests.ts";
import { occasionOf, signatureObjection } from "./signature.ts";

/** A request left in the inbox while nobody owned the run. */
export const InboxEntry = z.object({
  id: z.string(),
  request: Request,
  actor: Actor,
  /** The run that it was meant for: what was decided about one run says nothing about the next. */
  runId: RunId.optional(),
});

/** Takes a request after what it claims about a signature was checked against the question that is open now. */
export async function take(
  project: Project,
  run: RunControl,
  { id, request, actor, runId }: z.infer<typeof InboxEntry>,
): Promise<Receipt> {
  if (runId !== undefined && runId !== run.fence().runId)
    return { taken: false, note: `meant for run ${runId}, which has ended` };
  const occasion = occasionOf(run.state());
  const objection = await signatureObjection(project.ports, project.root, run.plan, request, occasion);
  // Checking takes a moment, in which a question can give way to the next.
  const isOver = request.kind === "answer" && occasionOf(run.state()).questionKey !== occasion.questionKey;
  return takeRequest(run, id, request, actor, objection ?? (isOver ? ANOTHER_QUESTION : undefined));
}

const INBOX_EVERY_MS = 1_000;

/**
 * Takes requests that were left because the owner was down or too busy to answer, oldest first, for as long as it
 * owns the run. A file goes only after its request is in the journal; one that cannot be read is named once and left.
 */
export async function readInbox(project: Project, run: RunControl, signal: AbortSignal): Promise<void> {
  const told = new Set<string>();
  while (!signal.aborted) {
    try {
      // What was taken and could not be done at once, because the journal refused it, is done as soon as it can be.
      finishLastRequest(run);
      await emptyInbox(project, run, told);
    } catch {
      // The journal refuses just now; the files are still there at the next look.
    }
    await project.ports.clock.sleep(INBOX_EVERY_MS, signal);
  }
}

async function emptyInbox(project: Project, run: RunControl, told: Set<string>): Promise<void> {
  const { disk } = project.ports;
  const files = disk
    .list(project.paths.inbox)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(project.paths.inbox, name))
    .sort((a, b) => (disk.stat(a)?.mtimeMs ?? 0) - (disk.stat(b)?.mtimeMs ?? 0));
  for (const file of files) {
    const entry = InboxEntry.safeParse(readJson(project, file));
    if (entry.success) {
      await take(project, run, entry.data);
      removeQuietly(project, file);
    } else if (!told.has(file) && !run.state().outcome) {
      told.add(file);
      const text = `a request in the inbox could not be read and was left there: ${basename(file)}`;
      run.append({ event: "notice", level: "warning", text });
    }
  }
}

/** One file that cannot be read or removed must not keep back the requests behind it. */
function readJson(project: Project, file: string): unknown {
  try {
    return JSON.parse(project.ports.disk.readText(file));
  } catch {
    return undefined;
  }
}

function removeQuietly(project: Project, file: string): void {
  try {
    project.ports.disk.remove(file);
  } catch {
    // It was taken; its id keeps it from being taken again.
  }
}
