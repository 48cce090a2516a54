import { join } from "node:path";
import { renderArtifact, writeArtifact } from "../record/artifacts.ts";
import { chartSvg } from "../record/chart.ts";
import { redact } from "../record/redact.ts";
import { messageOf, sha256 } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Project } from "./project.ts";
import { baselineJson } from "./views/baseline.ts";
import { type Document, documentPath, documentsOf } from "./views/documents.ts";
import { GENERATOR } from "./views/generator.ts";
import { masked } from "./views/masked.ts";
import { plotName, plotOf } from "./views/plot.ts";
import { type RunRecord, recordOf } from "./views/record.ts";

const WARNING = "artifacts could not be written and are tried again at the end";

/**
 * Renders everything that is due for where the run stands and writes it. Before the outcome a failure is a warning and
 * no more: a report must not disturb a deployment. At the end it throws, and each file is journalled once with its
 * digest. The same journal gives the same bytes.
 */
export function writeArtifacts(project: Project, run: Run): void {
  if (run.state().outcome) {
    for (const file of artifactFiles(recordOf(run.plan, run.events()))) journalled(run, written(project, file));
    return;
  }
  try {
    if (!run.state().openedAt) return;
    for (const file of artifactFiles(recordOf(run.plan, run.events()))) written(project, file);
  } catch (error) {
    if (run.state().notices.some(({ text }) => text.startsWith(WARNING))) return;
    run.append({ event: "notice", level: "warning", text: `${WARNING}: ${redact(messageOf(error), 500)}` });
  }
}

/** A file of a run by its path relative to the project root. */
export interface ArtifactFile {
  readonly path: string;
  readonly text: string;
}

/** Everything that is due, rendered. Pure. */
export function artifactFiles(record: RunRecord): ArtifactFile[] {
  const files = documentsOf(record).map((document) => ({
    path: documentPath(document.place, document.name),
    text: rendered(record, document),
  }));
  return [...files, ...snapshotFile(record), ...plotFile(record)];
}

function snapshotFile(record: RunRecord): ArtifactFile[] {
  const snapshot = baselineJson(record);
  if (!snapshot) return [];
  const path = documentPath("working", "production-baseline-snapshot").replace(/\.md$/, ".json");
  return [{ path, text: `${JSON.stringify(snapshot, null, 2)}\n` }];
}

/** The picture in the deployment report. */
function plotFile(record: RunRecord): ArtifactFile[] {
  const chart = record.state.outcome ? plotOf(record) : undefined;
  if (!chart) return [];
  return [{ path: documentPath("reports", plotName(record)).replace(/\.md$/, ".svg"), text: chartSvg(masked(chart)) }];
}

/** A person reads and corrects these before anything comes of them, so they are drafts also at the end. */
const PROPOSALS: ReadonlySet<Document["kind"]> = new Set(["stakeholder-notification", "runbook-updates"]);

function rendered(record: RunRecord, document: Document): string {
  return renderArtifact(document.kind, masked(document.view), {
    artifact: document.name,
    runId: record.runId,
    version: record.plan.version,
    generator: GENERATOR,
    at: record.at,
    status: record.state.outcome && !PROPOSALS.has(document.kind) ? "final" : "draft",
    evidence: document.evidence,
  });
}

/** Left alone where the same bytes lie there already. */
function written(project: Project, file: ArtifactFile): ArtifactFile {
  const { disk } = project.ports;
  const absolute = join(project.root, file.path);
  const isThere = disk.stat(absolute)?.kind === "file" && disk.readText(absolute) === file.text;
  if (!isThere) writeArtifact({ disk, root: project.root }, file.path, file.text);
  return file;
}

function journalled(run: Run, { path, text }: ArtifactFile): void {
  const digest = sha256(text);
  const isKnown = run
    .events()
    .some(({ event }) => event.event === "artifact" && event.path === path && event.sha256 === digest);
  if (!isKnown) run.append({ event: "artifact", path, sha256: digest });
}
