import { dirname } from "node:path";
import type { Disk } from "../ports/index.ts";
import { type EvidenceRef, type Instant, type RunId, type Sha256, sha256, type Version } from "../vocab/index.ts";
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  type ArtifactView,
  MESSAGE_KINDS,
  type MessageKind,
  type MessageView,
} from "./artifact-kinds/index.ts";
import { confine } from "./confine.ts";
import { type FrontMatter, withFrontMatter } from "./front-matter.ts";
import { fill, PARTIALS } from "./templates.ts";

export { type FrontMatter, readFrontMatter } from "./front-matter.ts";

/** What a document says about itself. */
export interface ArtifactHead {
  /** Its name, e.g. `regression-gate-staging`. */
  readonly artifact: string;
  readonly runId?: RunId;
  readonly version?: Version;
  /** Name and version of this program. */
  readonly generator: string;
  readonly at: Instant;
  readonly status?: FrontMatter["status"];
  readonly evidence?: readonly EvidenceRef[];
}

/**
 * One document: front matter, the kind's template over its view, and the evidence that it rests on. The same view
 * gives the same bytes. Throws when the view is not what the kind needs.
 */
export function renderArtifact<K extends ArtifactKind>(kind: K, view: ArtifactView<K>, head: ArtifactHead): string {
  const { view: schema, template } = ARTIFACT_KINDS[kind];
  const evidence = [...(head.evidence ?? [])];
  const body = fill(template, schema.parse(view)) + fill(PARTIALS.evidence, { evidence });
  const { artifact, runId, version, generator, at } = head;
  const status = head.status ?? (runId === undefined ? "stand-alone" : "final");
  const named = { ...(runId && { runId }), ...(version && { version }) };
  return withFrontMatter({ artifact, kind, schemaVersion: 1, ...named, generator, at, status, evidence }, tidy(body));
}

/** A message for a terminal or chat: plain text, ends with a newline. */
export function renderMessage<K extends MessageKind>(kind: K, view: MessageView<K>): string {
  const { view: schema, template } = MESSAGE_KINDS[kind];
  return tidy(fill(template, schema.parse(view)));
}

/** Writes a document inside the project, whole or not at all. Throws FlowError `refused` for a path that leaves it. */
export function writeArtifact(
  place: { disk: Disk; root: string },
  path: string,
  text: string,
): { path: string; sha256: Sha256 } {
  const absolute = confine(place.disk, place.root, path);
  place.disk.mkdir(dirname(absolute));
  place.disk.writeAtomic(absolute, text);
  return { path, sha256: sha256(text) };
}

/** Sections that are left out leave no gaps. */
function tidy(text: string): string {
  return `${text.replace(/\n{3,}/g, "\n\n").trim()}\n`;
}
