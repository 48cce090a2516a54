import { join } from "node:path";
import { z } from "zod";
import { fillPlaceholders } from "../evidence/placeholders.ts";
import { readReports } from "../evidence/tests/read.ts";
import { normaliseRun } from "../evidence/tests/stored.ts";
import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { confine } from "../record/confine.ts";
import { redact } from "../record/redact.ts";
import { canonicalJson, durationMs, FlowError, sha256 } from "../vocab/index.ts";
import { loadConfig, type Project } from "./project.ts";
import type { SuiteCommand } from "./suite-run.ts";

/** The tests of a revision in their stored form. */
export interface RevisionRun {
  readonly commit: string;
  readonly stored: Uint8Array;
  /** They had been run before. */
  readonly cached: boolean;
}

const Owner = z.object({ pid: z.number().int(), start: z.string(), bootId: z.string(), host: z.string() });
const GIT_TIMEOUT_MS = 120_000;
const OUTPUT_CAP_BYTES = 256 * 1024;

/**
 * Runs the project's test command on a revision of its repository, in a checkout of its own that is taken away afterwards,
 * also that of a process that was killed before. Kept per commit and command, so each is run once. Throws FlowError.
 */
export async function runRevision(project: Project, revision: string, signal: AbortSignal): Promise<RevisionRun> {
  const command = testCommand(project);
  const { disk } = project.ports;
  const commit = await resolveCommit(project, revision, signal);
  const folder = join(project.root, ".aiwg/git");
  disk.mkdir(folder, 0o700);
  await removeLeftOver(project, folder, signal);
  const kept = join(
    folder,
    `${commit}-${sha256(canonicalJson(JSON.parse(JSON.stringify(command)))).slice(0, 16)}.ndjson`,
  );
  if (disk.stat(kept)) return { commit, stored: disk.read(kept), cached: true };
  const tree = join(folder, `tree-${project.ports.ids.hex(8)}`);
  disk.createExclusive(`${tree}.json`, JSON.stringify(project.ports.processes.self()), 0o600);
  try {
    await git(project, ["worktree", "add", "--detach", "--force", tree, commit], signal);
    const prefix = (await git(project, ["rev-parse", "--show-prefix"], signal)).trim();
    const stored = await runIn(project, join(tree, prefix), commit, command, signal);
    disk.writeAtomic(kept, stored);
    return { commit, stored, cached: false };
  } finally {
    await removeTree(project, tree);
  }
}

function testCommand(project: Project): SuiteCommand {
  const { config } = loadConfig(project);
  const candidate = config.tests?.candidate;
  if (candidate && "command" in candidate) return candidate;
  throw new FlowError({
    code: "config",
    what: "there is no command to run the tests of a revision with",
    expected: "a command that writes its report to {report}",
    where: { file: project.paths.deployYaml, key: "tests.candidate.command" },
    next: "add it, or check the revision out, run its tests, and name the reports",
  });
}

/** Hooks are code of whoever wrote to the repository's folder; nothing here needs one. */
async function git(project: Project, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const exit = await project.ports.exec.run(["git", "-c", "core.hooksPath=/dev/null", ...args], {
    cwd: project.root,
    env: allowEnv(BASE_ENV),
    timeoutMs: GIT_TIMEOUT_MS,
    outputCapBytes: OUTPUT_CAP_BYTES,
    ...(signal ? { signal } : {}),
  });
  signal?.throwIfAborted();
  if (exit.code === 0) return exit.stdout;
  throw new FlowError({
    code: "unreadable",
    what: `git ${args[0]} did not succeed`,
    found: redact(exit.stderr.trim(), 300) || `exit ${exit.code ?? exit.killedBy}`,
    next: "look whether the revision exists here (git log), and fetch it where it does not",
  });
}

async function resolveCommit(project: Project, revision: string, signal: AbortSignal): Promise<string> {
  const out = await git(project, ["rev-parse", "--verify", "--end-of-options", `${revision}^{commit}`], signal);
  const commit = out.trim();
  if (/^[0-9a-f]{40,64}$/.test(commit)) return commit;
  throw new FlowError({
    code: "unreadable",
    what: "git names no commit for this revision",
    next: "name a branch, tag or commit",
  });
}

/** Checkouts whose process is gone: it was killed before it could take them away. */
async function removeLeftOver(project: Project, folder: string, signal: AbortSignal): Promise<void> {
  const { disk, processes } = project.ports;
  for (const name of disk.list(folder).filter((one) => /^tree-[0-9a-f]+\.json$/.test(one))) {
    const tree = join(folder, name.slice(0, -".json".length));
    const owner = Owner.safeParse(parsed(disk.readText(`${tree}.json`)));
    const alive = owner.success ? processes.identify(owner.data.pid) : undefined;
    if (owner.success && alive?.start === owner.data.start && alive.bootId === owner.data.bootId) continue;
    signal.throwIfAborted();
    await removeTree(project, tree);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function removeTree(project: Project, tree: string): Promise<void> {
  const { disk } = project.ports;
  // Without a signal: what was made is taken away also when the check is given up.
  await git(project, ["worktree", "remove", "--force", tree]).catch(() => undefined);
  disk.remove(tree);
  await git(project, ["worktree", "prune"]).catch(() => undefined);
  disk.remove(`${tree}.json`);
}

async function runIn(
  project: Project,
  root: string,
  commit: string,
  command: SuiteCommand,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { disk, exec } = project.ports;
  const report = join(root, `.deploy-flow-report-${project.ports.ids.hex(4)}.xml`);
  const values = { report, version: commit };
  const exit = await exec.run(
    command.command.map((part) => fillPlaceholders(part, values, "tests.candidate.command")),
    {
      cwd: command.cwd ? confine(disk, root, command.cwd) : root,
      env: { ...allowEnv([...BASE_ENV, ...command.passEnv]), ...command.env },
      timeoutMs: durationMs(command.timeout),
      outputCapBytes: OUTPUT_CAP_BYTES,
      signal,
    },
  );
  signal.throwIfAborted();
  const how = exit.timedOut ? `ran longer than ${command.timeout}` : `ended with ${exit.code ?? exit.killedBy}`;
  if (exit.timedOut || !disk.stat(report)) throw noResult(how, exit.stderr);
  const run = await readReports(disk, [report], { cwd: root, roots: [root] });
  if (exit.code !== 0 && run.counts.failed + run.counts.errored === 0) throw noResult(how, exit.stderr);
  return normaliseRun(run, redact).stored;
}

function noResult(how: string, stderr: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: `the test command ${how} on the revision and left no complete result`,
    found: redact(stderr.trim().slice(-300)) || "nothing on its standard error",
    next: "let the command install what it needs: it runs in a fresh checkout",
  });
}
