/**
 * The program under test with one difference: the runner kills itself, as hard as the system can, right after the
 * journal append whose number stands in DIE_AFTER_APPEND (counted in this process), or whose kind and key stand in
 * DIE_AFTER_EVENT, such as `intent stage-2/expose`. Bundled by the tests.
 */
import { parseArgs } from "node:util";
import { openProject, runOwner } from "../../mcp-server/flow/api.ts";
import { loadConfig, sandboxSection } from "../../mcp-server/flow/project.ts";
import { type Disk, realPorts } from "../../mcp-server/ports/index.ts";
import { runSandboxDaemon } from "../../mcp-server/target/index.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { project: { type: "string" }, start: { type: "string" }, resume: { type: "boolean" } },
});
const ports = realPorts();
const dieAfter = Number(process.env.DIE_AFTER_APPEND ?? "0");
const lastEvent = process.env.DIE_AFTER_EVENT;
let appends = 0;

/** Kind and key of a journal line. */
function kindAndKey(line: Uint8Array | string): string {
  const { event } = JSON.parse(Buffer.from(line).toString("utf8")) as { event: { event: string; key?: string } };
  return `${event.event} ${event.key ?? ""}`.trim();
}

const deadlyDisk: Disk = {
  ...ports.disk,
  openAppend: (path, mode) => {
    const file = ports.disk.openAppend(path, mode);
    if (!path.endsWith("journal.jsonl") || (dieAfter === 0 && lastEvent === undefined)) return file;
    return {
      ...file,
      append: (data) => {
        file.append(data);
        appends += 1;
        if (appends === dieAfter || (lastEvent !== undefined && kindAndKey(data) === lastEvent))
          process.kill(process.pid, "SIGKILL");
      },
    };
  },
};

const root = values.project ?? process.cwd();
const project = openProject({
  root,
  ports: { ...ports, disk: deadlyDisk },
  entry: [process.execPath, process.argv[1] ?? ""],
});
if (positionals[0] === "sandbox-daemon") {
  const { config } = loadConfig(project);
  await runSandboxDaemon({ root: project.root, config: sandboxSection(config), ports });
} else {
  await runOwner(project, {
    ...(values.start ? { start: values.start } : {}),
    ...(values.resume ? { resume: true } : {}),
  });
  process.exit(0);
}
