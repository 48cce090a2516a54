import { dirname } from "node:path";
import { z } from "zod";
import type { BriefSpec } from "../flow/briefs/table.ts";
import { confine } from "../record/confine.ts";
import { FlowError, Sha256, sha256, Version } from "../vocab/index.ts";
import { defineTool, type ToolIo } from "./tool.ts";
import { PROGRAM_VERSION } from "./version.ts";

const Input = z.object({
  path: z
    .string()
    .regex(/^\.aiwg\/.+\.md$/, "expected a .md file below .aiwg/")
    .max(300)
    .describe(".aiwg/....md"),
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/, "expected lower-case letters, digits and dashes")
    .describe("what it is, e.g. incident-note"),
  title: z.string().min(1).max(200),
  summary: z.string().max(2000).optional(),
  sections: z
    .array(z.object({ heading: z.string().min(1).max(200), text: z.string().max(20_000) }))
    .max(50)
    .default([]),
  findings: z
    .array(
      z.object({ severity: z.string().max(40), text: z.string().max(2000), where: z.string().max(300).optional() }),
    )
    .max(200)
    .default([]),
  version: Version.optional().describe("the version it speaks of"),
  overwrite: z.boolean().default(false).describe("replace a document that this tool wrote"),
});
type Input = z.infer<typeof Input>;

const Output = z.object({
  verdict: z.literal("WRITTEN"),
  path: z.string(),
  sha256: Sha256,
  bytes: z.number().int(),
  status: z.enum(["stand-alone", "draft"]),
  reason: z.string(),
  next: z.string(),
});

type Output = z.infer<typeof Output>;

/** Folders of the record in which nobody but the runner writes. */
const CLOSED = [
  ".aiwg/archive/",
  ".aiwg/baselines/",
  ".aiwg/working/deployment/evidence/",
  ".aiwg/working/deployment/inbox/",
  ".aiwg/sandbox/",
];

/** Writes a document from prose and findings. Outside of a run any kind, marked stand-alone; decides nothing. */
export const artifactWrite = defineTool({
  name: "artifact-write",
  title: "Write a document",
  description:
    "Writes a Markdown document below .aiwg/ from title, sections and findings, with safe front matter. Needs no run; marked stand-alone. During a run for notes only: gates, logs and reports are rendered by the server.",
  input: Input,
  output: Output,
  effect: "write",
  openWorld: false,
  idempotent: false,
  positionals: ["path"],
  run: async (args, io): Promise<Output> => {
    const { readRun } = await import("../flow/run-files.ts");
    const { ARTIFACT_KINDS } = await import("../record/artifact-kinds/index.ts");
    const { renderArtifact } = await import("../record/artifacts.ts");
    const run = readRun(await io.project());
    const active = run && !run.archived ? run : undefined;
    if (active && args.kind !== "stand-alone" && args.kind in ARTIFACT_KINDS) throw serverRendered(args.kind);
    const absolute = placeFor(args, io);
    const brief = active && args.kind === "findings" ? await briefOf(args) : undefined;
    const status = active ? "draft" : "stand-alone";
    const version = args.version ?? active?.plan.version;
    const text = renderArtifact("stand-alone", viewOf(args), {
      artifact: args.kind,
      generator: `deploy-flow ${PROGRAM_VERSION}`,
      at: io.now(),
      status,
      ...(active?.state.runId ? { runId: active.state.runId } : {}),
      ...(version ? { version } : {}),
    });
    await put(absolute, text, args, io);
    if (brief) await handIn(brief, args, io);
    return {
      verdict: "WRITTEN",
      path: args.path,
      sha256: sha256(text),
      bytes: Buffer.byteLength(text),
      status,
      reason: brief
        ? `handed in for ${brief.id}; it stands in the reports and decides no gate`
        : active
          ? "a note beside the run; no gate reads it"
          : "marked stand-alone: it belongs to no run and decides nothing",
      next: "nothing; name it in `archive` to keep it with digests",
    };
  },
  text: (out) =>
    [
      `${out.verdict}: ${out.path}, ${out.bytes} bytes, sha256 ${out.sha256}`,
      `because: ${out.reason}`,
      `next: ${out.next}`,
    ].join("\n"),
});

function placeFor(args: Input, io: ToolIo): string {
  const absolute = confine(io.ports.disk, io.root, args.path);
  const plain = args.path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
  if (!plain.startsWith(".aiwg/") || CLOSED.some((folder) => plain.startsWith(folder))) {
    throw new FlowError({
      code: "refused",
      what: "documents are not written into this part of the record",
      expected: "a path below .aiwg/, outside of archive, baselines, evidence and inbox",
      next: "write it to .aiwg/deployment/ or .aiwg/working/, or use `archive` to pack files",
    });
  }
  return absolute;
}

/** The brief that findings answer. Each needs its evidence: what nobody can look up is no finding. */
async function briefOf({ path, findings }: Input): Promise<BriefSpec> {
  const { BRIEFS } = await import("../flow/briefs/table.ts");
  const id = /(?:^|\/)findings-([a-z-]+)\.md$/.exec(path)?.[1];
  const brief = BRIEFS.find((one) => one.id === id);
  const bare = findings.findIndex(({ where }) => where === undefined || where.trim() === "");
  if (brief && bare < 0 && findings.length > 0) return brief;
  throw new FlowError({
    code: "usage",
    what: brief ? "findings need their evidence" : "findings answer a brief, and this path names none",
    expected: brief
      ? "at least one finding, each with `where`: file and line, or where the number stands"
      : "the path that the brief says",
    found: brief ? (bare < 0 ? "no findings" : `finding ${bare + 1} without where`) : path,
    next: brief
      ? "add where to each, with severity unknown for what could not be found"
      : "take path and kind from the brief",
  });
}

const MAX_ADVICE = 4_000;

/** Gives the findings to the run, where they stand in the reports of their step. */
async function handIn({ step, role }: BriefSpec, { summary, findings }: Input, io: ToolIo): Promise<void> {
  const { sendRequest } = await import("../flow/api.ts");
  const { redact } = await import("../record/redact.ts");
  const lines = findings.map(({ severity, text, where }) => `${severity}: ${text} (${where})`);
  const text = redact([...(summary ? [summary] : []), ...lines].join("\n"), MAX_ADVICE);
  const { taken, note } = await sendRequest(await io.project(), { kind: "advice", step, role, text }, io.actor);
  if (taken) return;
  throw new FlowError({
    code: "conflict",
    what: `the findings were written down, and the run did not take them: ${note}`,
    next: "nothing more is needed for this brief; call deploy-next",
  });
}

function viewOf({ title, summary, sections, findings }: Input) {
  return {
    title,
    summary: summary ?? null,
    sections,
    findings: findings.map(({ severity, text, where }) => ({ severity, text, where: where ?? null })),
  };
}

async function put(absolute: string, text: string, args: Input, io: ToolIo): Promise<void> {
  const { disk } = io.ports;
  disk.mkdir(dirname(absolute));
  if (disk.createExclusive(absolute, text)) return;
  if (!args.overwrite) {
    throw new FlowError({
      code: "conflict",
      what: "there is a file already",
      where: { file: args.path },
      next: "choose another path, or set overwrite for a document that this tool wrote",
    });
  }
  if (disk.stat(absolute)?.kind !== "file" || !(await isOurs(disk.readText(absolute)))) {
    throw new FlowError({
      code: "refused",
      what: "the file was not written by this tool, so it is not replaced",
      expected: "a document marked stand-alone or draft",
      where: { file: args.path },
      next: "choose another path",
    });
  }
  disk.writeAtomic(absolute, text);
}

/** Asked only in order to spare a file; nothing else is believed of what a document says about itself. */
async function isOurs(text: string): Promise<boolean> {
  const { readFrontMatter } = await import("../record/artifacts.ts");
  try {
    const { status, generator, kind } = readFrontMatter(text).data;
    return (
      kind === "stand-alone" &&
      (status === "stand-alone" || status === "draft") &&
      typeof generator === "string" &&
      generator.startsWith("deploy-flow ")
    );
  } catch {
    return false;
  }
}

function serverRendered(kind: string): FlowError {
  return new FlowError({
    code: "refused",
    what: "during a run documents of this kind are rendered from the journal",
    found: kind,
    next: "hand findings in with deploy-execute, or write a note of another kind",
  });
}
