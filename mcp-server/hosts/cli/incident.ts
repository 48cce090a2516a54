import { z } from "zod";
import { EXIT, IncidentId, RunId } from "../../vocab/index.ts";
import { openLazily } from "../io.ts";
import { defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";
import { confirmAtTerminal } from "./person.ts";

/** Attaches the incident that people have declared to a run; nobody else makes up such a name. */
export const incidentCommand = defineCommand({
  name: "incident",
  summary:
    "Names the incident that a run belongs to: the run under way, whose documents then say it, or one that has ended. A person does this.",
  input: z.object({
    id: IncidentId.describe("its name in your incident system, such as INC-123"),
    run: RunId.optional().describe("another run than the one under way or the last"),
  }),
  positionals: ["id"],
  run: async ({ id, run: runId }, io) => {
    const { incidentRun, nameIncident } = await import("../../flow/name-incident.ts");
    const project = await openLazily(io.root, io.ports);
    const run = incidentRun(project, runId);
    const state = run.outcome ?? "under way";
    const sentence = `name ${id} as the incident of run ${run.runId} (version ${run.version}, ${state})`;
    const { person } = await confirmAtTerminal({
      sentence,
      terminal: io.terminal,
      ids: io.ports.ids,
      signal: io.signal,
    });
    const { kept, note } = await nameIncident(project, run, { incident: id, person });
    writeResult(io.terminal, io.format, { incident: id, ...run, person, kept, note }, `${id}, ${run.runId}: ${note}`);
    return EXIT.ok;
  },
});
