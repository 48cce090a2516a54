import { isAbsolute, join } from "node:path";
import type { Project } from "../../flow/project.ts";
import { readRun } from "../../flow/run-files.ts";
import { confine } from "../../record/confine.ts";
import { readHistory } from "../../record/history.ts";
import { readRuns } from "../../record/incidents.ts";
import { FlowError, RunId } from "../../vocab/index.ts";

export interface ListedResource {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly mimeType: string;
}

export interface ResourceText {
  readonly uri: string;
  readonly mimeType: string;
  readonly text: string;
}

/** Bytes of one resource; a longer journal is cut at its beginning. */
const MAX_BYTES = 1024 * 1024;

const JSON_TYPE = "application/json";
const JOURNAL_TYPE = "application/x-ndjson";
const MARKDOWN_TYPE = "text/markdown";

export const RESOURCE_TEMPLATES = [
  {
    uriTemplate: "deploy://runs/{runId}/journal",
    name: "journal",
    description: "Every event of a run, one JSON line each, hash-chained. A long one is cut at its beginning.",
    mimeType: JOURNAL_TYPE,
  },
  {
    uriTemplate: "deploy://runs/{runId}/artifacts/{+path}",
    name: "artifact",
    description: "A document of a run, by its path in the project or, once archived, in the archive.",
    mimeType: MARKDOWN_TYPE,
  },
] as const;

/** What can be read now: status, history, and journal and documents of the run in the working folder. */
export function listResources(project: Project): ListedResource[] {
  const run = readRun(project);
  const runId = run?.state.runId;
  return [
    { uri: "deploy://status", name: "status", description: "Where the run stands, in full", mimeType: JSON_TYPE },
    { uri: "deploy://history", name: "history", description: "The runs that have ended", mimeType: JSON_TYPE },
    ...(runId === undefined
      ? []
      : [
          {
            uri: `deploy://runs/${runId}/journal`,
            name: "journal",
            description: `Events of run ${runId}`,
            mimeType: JOURNAL_TYPE,
          },
          ...(run?.state.artifacts ?? []).map((path) => ({
            uri: `deploy://runs/${runId}/artifacts/${encodePath(path)}`,
            name: path,
            description: "Document of the run",
            mimeType: typeOf(path),
          })),
        ]),
  ];
}

/** The text of one resource. Throws FlowError `unreadable` for what there is not. */
export async function readResource(project: Project, uri: string): Promise<ResourceText> {
  if (uri === "deploy://status") {
    const { statusOf } = await import("../../flow/api.ts");
    return { uri, mimeType: JSON_TYPE, text: `${JSON.stringify(await statusOf(project), null, 2)}\n` };
  }
  if (uri === "deploy://history") {
    const { deliveryOf } = await import("../../record/delivery.ts");
    const read = readRuns(project.ports.disk, project.paths);
    const history = { ...read, delivery: deliveryOf(read.entries) };
    return { uri, mimeType: JSON_TYPE, text: `${JSON.stringify(history, null, 2)}\n` };
  }
  const [, run, rest] = /^deploy:\/\/runs\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  const runId = RunId.safeParse(run);
  if (!runId.success || rest === undefined) throw noResource();
  if (rest === "journal") return { uri, mimeType: JOURNAL_TYPE, text: tailOf(project, journalOf(project, runId.data)) };
  if (!rest.startsWith("artifacts/")) throw noResource();
  const path = decodePath(rest.slice("artifacts/".length));
  return { uri, mimeType: typeOf(path), text: tailOf(project, artifactOf(project, runId.data, path)) };
}

function journalOf(project: Project, runId: RunId): string {
  const current = readRun(project);
  if (current?.state.runId === runId) return project.paths.journal;
  return join(archiveOf(project, runId), "journal.jsonl");
}

/** A document of the run in the working folder must be one that its journal names; of an archived run, one that the archive holds. */
function artifactOf(project: Project, runId: RunId, path: string): string {
  const { disk } = project.ports;
  const current = readRun(project);
  if (current?.state.runId === runId && current.state.artifacts.includes(path))
    return confine(disk, project.root, path);
  return confine(disk, archiveOf(project, runId), path);
}

function archiveOf(project: Project, runId: RunId): string {
  const { disk } = project.ports;
  const entry = readHistory(disk, project.paths.history).entries.find((run) => run.runId === runId);
  if (entry?.archive === undefined || isAbsolute(entry.archive)) throw noResource();
  return confine(disk, project.root, entry.archive);
}

function tailOf(project: Project, file: string): string {
  const { disk } = project.ports;
  const stat = disk.stat(file);
  if (stat?.kind !== "file") throw noResource();
  if (stat.size <= MAX_BYTES) return disk.readText(file);
  const tail = Buffer.from(disk.readFrom(file, stat.size - MAX_BYTES)).toString("utf8");
  return tail.slice(tail.indexOf("\n") + 1);
}

function typeOf(path: string): string {
  if (path.endsWith(".svg")) return "image/svg+xml";
  return path.endsWith(".json") ? JSON_TYPE : path.endsWith(".jsonl") ? JOURNAL_TYPE : MARKDOWN_TYPE;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw noResource();
  }
}

function noResource(): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "there is no such resource",
    expected:
      "deploy://status, deploy://history, deploy://runs/{runId}/journal or deploy://runs/{runId}/artifacts/{path}",
    next: "list the resources; deploy://history names the runs",
  });
}
