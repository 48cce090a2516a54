import { join } from "node:path";
import { z } from "zod";
import type { FirstConfig } from "../../flow/init/index.ts";
import type { Disk } from "../../ports/index.ts";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { writeResult } from "./output.ts";

const Input = z.object({
  url: z.string().min(1).optional().describe("where the service runs now: it is asked with GET to propose targets"),
  seconds: z.number().int().min(1).max(300).default(10).describe("how long it is asked"),
  path: z
    .array(z.string().regex(/^\/(?!\/)\S*$/, "expected a path that starts with one slash"))
    .default([])
    .describe("a path to ask besides the health path"),
  target: z.enum(["auto", "sandbox", "kubernetes"]).default("auto").describe("where versions shall run"),
  print: z.boolean().default(false).describe("show it only, write nothing"),
  force: z.boolean().default(false).describe("replace a deploy.yaml that is there; the old one is kept beside it"),
});

/** Writes a first deploy.yaml by looking at the project. */
export const initCommand = defineCommand({
  name: "init",
  summary:
    "Writes a first deploy.yaml from what the project's files say, each value with its source. With --url it measures the running service to propose targets.",
  title: "Writes a first deploy.yaml by looking at the project",
  input: Input,
  positionals: [],
  startsProject: true,
  run: async ({ url, seconds, path, target, print, force }, io) => {
    const file = join(io.root, "deploy.yaml");
    requireFolder(io);
    if (!print && !force) refuseExisting(io.ports.disk, file);
    const { firstConfig } = await import("../../flow/init/index.ts");
    const { root, ports, signal } = io;
    const first = await firstConfig({ root, ports, target, url, seconds, paths: path, signal });
    const written = print ? undefined : write(ports.disk, file, first.proposal.text, force);
    const { proposal, findings, measured } = first;
    const { text, ...rest } = proposal;
    const data = {
      written: written ? file : null,
      backup: written?.backup ?? null,
      ...rest,
      findings,
      measured: measured ?? null,
      text,
    };
    const shown = print ? text.trimEnd() : said(first, file, written?.backup);
    writeResult(io.terminal, io.format, data, shown);
    return EXIT.ok;
  },
});

function requireFolder({ ports, root }: CommandIo): void {
  if (ports.disk.stat(root)?.kind === "dir" || ports.disk.stat(root)?.kind === "link") return;
  throw new FlowError({
    code: "usage",
    what: "the project folder does not exist",
    found: root,
    next: "pass --project with the folder of the service",
  });
}

function refuseExisting(disk: Disk, file: string): void {
  if (!disk.stat(file)) return;
  throw new FlowError({
    code: "usage",
    what: "there is a deploy.yaml already, and it was not touched",
    where: { file },
    next: "compare it with `deploy-flow init --print`, or replace it with --force, which keeps the old one beside it",
  });
}

/** Never loses a file: what is replaced is kept under a name that nothing had. */
function write(disk: Disk, file: string, text: string, force: boolean): { backup: string | undefined } {
  if (disk.createExclusive(file, text)) return { backup: undefined };
  if (!force) refuseExisting(disk, file);
  const before = disk.stat(file);
  if (before?.kind !== "file") {
    throw new FlowError({
      code: "usage",
      what: "the deploy.yaml that is there is no file and cannot be replaced",
      found: before?.kind === "dir" ? "a folder" : "a link or something else",
      where: { file },
      next: "move it away yourself, then run init again",
    });
  }
  const old = disk.read(file);
  for (let count = 1; ; count++) {
    const backup = `${file}.before-init${count === 1 ? "" : `-${count}`}`;
    if (!disk.createExclusive(backup, old, before.mode)) continue;
    disk.writeAtomic(file, text);
    return { backup };
  }
}

function said({ proposal, findings }: FirstConfig, file: string, backup: string | undefined): string {
  const version = findings.version?.value ?? "1.0.0";
  const steps =
    proposal.target === "sandbox"
      ? [
          `put version ${version} with all that it needs to run into releases/${version}/`,
          `deploy-flow plan ${version} --first-deploy     shows what would happen; changes nothing`,
          `deploy-flow run ${version} --first-deploy      does it`,
        ]
      : [
          "copy examples/kubernetes/*.mjs of deploy-flow into deploy/ and read its README",
          `deploy-flow plan ${version}     shows what would happen; changes nothing`,
          "deploy-flow init --target sandbox --print     shows how to try it on this machine first",
        ];
  return [
    `wrote ${file}${backup === undefined ? "" : `; the old one is ${backup}`}`,
    "",
    "taken:",
    ...proposal.taken.map(({ key, value, from }) => `  ${key}: ${shortly(value)}  (${from})`),
    ...(proposal.missing.length > 0
      ? ["", "not found:", ...proposal.missing.map(({ key, next }) => `  ${key}: ${next}`)]
      : []),
    ...(proposal.notes.length > 0 ? ["", "noted:", ...proposal.notes.map((note) => `  ${note}`)] : []),
    "",
    "next:",
    "  read deploy.yaml: every value says where it is from",
    ...steps.map((step) => `  ${step}`),
  ].join("\n");
}

function shortly(value: unknown): string {
  const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(" ") : JSON.stringify(value);
  return text.replaceAll(/\p{C}+/gu, " ").slice(0, 160);
}
