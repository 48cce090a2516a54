import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { parse } from "yaml";
import type { Project } from "../../mcp-server/flow/api.ts";
import { archivedPath } from "../../mcp-server/flow/archive.ts";
import { artifactFiles } from "../../mcp-server/flow/artifacts.ts";
import type { FlowEvent, Trigger } from "../../mcp-server/flow/events.ts";
import { Plan } from "../../mcp-server/flow/plan.ts";
import { documentPath, documentsOf } from "../../mcp-server/flow/views/documents.ts";
import { recordOf } from "../../mcp-server/flow/views/record.ts";
import { ARTIFACT_KINDS, type ArtifactKind } from "../../mcp-server/record/artifact-kinds/index.ts";
import { readFrontMatter } from "../../mcp-server/record/artifacts.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { SCHEMAS } from "../../scripts/schema-list.ts";
import { run } from "../hosts/process.ts";
import {
  ARCHIVE_FILES,
  ARTIFACTS_OF,
  ARTIFACTS_OF_STAGES,
  ARTIFACTS_OF_STRATEGY,
  ARTIFACTS_ON_REGRESSION,
  ARTIFACTS_WITH_PREVIOUS,
  type Ending,
  MAY_BE_THERE,
} from "./artifacts-of.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
const compiled = new Map<string, ValidateFunction>();

/** The published schema of a file below schemas/, compiled once. */
function schemaAt(file: string): ValidateFunction {
  const before = compiled.get(file);
  if (before) return before;
  const validate = ajv.compile(parse(readFileSync(join(REPOSITORY, "schemas", file), "utf8")));
  compiled.set(file, validate);
  return validate;
}

/** The published schema of a kind of document. */
function schemaOf(kind: ArtifactKind): ValidateFunction {
  const entry = Object.entries(SCHEMAS).find(([, { schema }]) => schema === ARTIFACT_KINDS[kind].view);
  if (!entry) throw new Error(`no schema is published for ${kind}`);
  return schemaAt(entry[0]);
}

function expectValid(what: string, validate: ValidateFunction, value: unknown): void {
  const isValid = validate(JSON.parse(JSON.stringify(value)));
  expect(isValid ? [] : validate.errors, what).toEqual([]);
}

/**
 * The archive of the run that just ended: every document that its ending demands and none that nobody knows, each valid
 * against its published schema, naming this run and version, being what the journal gives; and `verify` finds no fault.
 */
export async function expectDocuments(
  project: Project,
  events: readonly Stamped<FlowEvent>[],
  expected: { ends: Ending; trigger: Trigger["kind"] | undefined },
): Promise<void> {
  const archiving = events.find(({ event }) => event.event === "archiving")?.event;
  const archive = join(project.root, archiving?.event === "archiving" ? archiving.dir : "nowhere");
  const plan = Plan.parse(JSON.parse(readFileSync(join(archive, "plan.json"), "utf8")));
  const written = new Set(events.flatMap(({ event }) => (event.event === "artifact" ? [event.path as string] : [])));
  const named = (paths: readonly string[]) => paths.map((path) => path.replaceAll("{version}", plan.version));

  const due = named(dueIn(plan, expected));
  expect(due.filter((path) => !written.has(path))).toEqual([]);
  const known = new Set([...due, ...named(MAY_BE_THERE)]);
  expect([...written].filter((path) => !known.has(path))).toEqual([]);

  const record = recordOf(plan, events);
  for (const { path, text } of artifactFiles(record)) {
    const stored = readFileSync(join(archive, archivedPath(path)), "utf8");
    expect(withoutGenerator(stored), path).toBe(withoutGenerator(text));
  }
  for (const { kind, place, name, view } of documentsOf(record)) {
    const path = documentPath(place, name);
    expectValid(path, schemaOf(kind), ARTIFACT_KINDS[kind].view.parse(view));
    const { data } = readFrontMatter(readFileSync(join(archive, archivedPath(path)), "utf8"));
    expect(data, path).toMatchObject({ artifact: name, kind, runId: record.runId, version: plan.version });
  }
  for (const file of ARCHIVE_FILES) expect(project.ports.disk.stat(join(archive, file))?.kind, file).toBe("file");
  expectValid(
    "metrics.json",
    schemaAt("run-metrics.yaml"),
    JSON.parse(readFileSync(join(archive, "metrics.json"), "utf8")),
  );
  expectValid("plan.json", schemaAt("plan.yaml"), plan);

  const verified = await run(project.root, ["verify", archive, "--format", "json"]);
  expect(verified.code, `${verified.out}\n${verified.err}`).toBe(0);
}

/** The bundle and its sources name themselves differently. */
function withoutGenerator(text: string): string {
  return text.replaceAll(/deploy-flow \d+\.\d+\.\d+(-source)?/g, "deploy-flow");
}

function dueIn(plan: Plan, { ends, trigger }: { ends: Ending; trigger: Trigger["kind"] | undefined }): string[] {
  const demanded: readonly string[] = ARTIFACTS_OF[ends];
  const isExposed =
    demanded.includes(".aiwg/deployment/deployment-execution-log.md") && ends !== "ABORTED before traffic";
  return [
    ...demanded.filter((path) => plan.previous !== null || !ARTIFACTS_WITH_PREVIOUS.includes(path)),
    ...(isExposed ? ARTIFACTS_OF_STRATEGY[plan.strategy] : []).filter(
      (path) => plan.stages.length > 1 || !ARTIFACTS_OF_STAGES.includes(path),
    ),
    ...(trigger === "regression" ? ARTIFACTS_ON_REGRESSION : []),
  ];
}
