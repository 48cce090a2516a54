import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { type HistoryEntry, readHistory } from "../record/history.ts";
import { Commit, EarlierRun } from "./background-facts.ts";
import type { Run } from "./engine.ts";
import type { Project } from "./project.ts";

/** Earlier runs that a report may compare with. */
const MOST_EARLIER = 20;

const GIT_LIMIT_MS = 5_000;

type Place = Pick<Project, "root" | "paths"> & { readonly ports: Pick<Project["ports"], "disk" | "exec"> };

/**
 * What reports need from outside of the run, written down once so that they can be made again from the journal alone:
 * earlier runs, and when the code of this version was committed. It decides nothing.
 */
export async function recall(project: Place, run: Pick<Run, "plan" | "state" | "append">): Promise<void> {
  if (run.state().background) return;
  const commit = await commitOf(project, run.plan.version);
  run.append({ event: "background", commit: commit ?? null, earlier: earlierRuns(project, run.state().runId) });
}

function earlierRuns(project: Place, own: string | undefined): EarlierRun[] {
  const { entries } = readHistory(project.ports.disk, project.paths.history);
  return entries
    .filter(({ runId }) => runId !== own)
    .slice(-MOST_EARLIER)
    .map((entry: HistoryEntry) => EarlierRun.parse(entry));
}

/** The commit of tag `v2.4.0` or `2.4.0`; undefined without git, repository or tag. */
async function commitOf(project: Place, version: string): Promise<Commit | undefined> {
  for (const tag of [`v${version}`, version]) {
    const commit = await tagged(project, tag);
    if (commit) return commit;
  }
  return undefined;
}

async function tagged({ root, ports }: Place, tag: string): Promise<Commit | undefined> {
  const argv = ["git", "--no-pager", "show", "--no-patch", "--format=%H %cI", `refs/tags/${tag}^{commit}`, "--"];
  const options = { cwd: root, env: allowEnv(BASE_ENV), timeoutMs: GIT_LIMIT_MS, outputCapBytes: 4_096 };
  try {
    const { code, stdout } = await ports.exec.run(argv, options);
    const [sha, time] = stdout.trim().split(" ");
    if (code !== 0 || time === undefined) return undefined;
    return Commit.parse({ tag, sha, at: new Date(time).toISOString() });
  } catch {
    return undefined;
  }
}
