import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recall } from "../../mcp-server/flow/background.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { emptyState } from "../../mcp-server/flow/run-state.ts";
import { allowEnv, BASE_ENV, realDisk, realExec } from "../../mcp-server/ports/index.ts";
import { projectPaths } from "../../mcp-server/record/paths.ts";
import { planOf } from "./views/scribe.ts";

let root: string;
const git = async (at: string, ...words: string[]) => {
  const env = { ...allowEnv(BASE_ENV), GIT_COMMITTER_DATE: at, GIT_AUTHOR_DATE: at, GIT_CONFIG_NOSYSTEM: "1" };
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "tag.gpgSign=false"];
  const argv = ["git", ...who, "-c", "commit.gpgSign=false", ...words];
  const { code, stdout, stderr } = await realExec.run(argv, {
    cwd: root,
    env,
    timeoutMs: 10_000,
    outputCapBytes: 10_000,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
};

/** What a report of version 2.1.0 is told of its code. */
async function commit(place: string) {
  const plan = planOf();
  const told: FlowEvent[] = [];
  const append = (event: FlowEvent) => {
    told.push(event);
    return { event } as never;
  };
  const ports = { disk: realDisk, exec: realExec };
  await recall({ root: place, paths: projectPaths(place), ports }, { plan, state: () => emptyState(plan), append });
  const [event] = told;
  return event?.event === "background" ? event.commit : undefined;
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "deploy-flow-tags-"));
  await git("2026-02-01T10:00:00+01:00", "init", "-q");
  writeFileSync(join(root, "a.txt"), "a");
  await git("2026-02-01T10:00:00+01:00", "add", ".");
  await git("2026-02-01T10:00:00+01:00", "commit", "-qm", "one");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("when the code of a version was committed", () => {
  test("is unknown where no tag names it, and outside of a repository", async () => {
    expect(await commit(root)).toBeNull();
    expect(await commit(join(root, ".git", "objects"))).toBeNull();
  });

  test("is the time of the commit that its tag names, not of the tag", async () => {
    await git("2026-02-20T10:00:00+01:00", "tag", "-a", "v2.1.0", "-m", "two weeks later");
    const sha = await git("2026-02-20T10:00:00+01:00", "rev-parse", "HEAD");
    expect(await commit(root)).toEqual({ tag: "v2.1.0", sha, at: "2026-02-01T09:00:00.000Z" });
  });

  test("is found under the bare version too, and not from a branch of that name", async () => {
    await git("2026-02-20T10:00:00+01:00", "tag", "-d", "v2.1.0");
    await git("2026-02-20T10:00:00+01:00", "branch", "2.1.0");
    expect(await commit(root)).toBeNull();
    await git("2026-02-20T10:00:00+01:00", "tag", "2.1.0");
    expect(await commit(root)).toMatchObject({ tag: "2.1.0" });
  });
});
