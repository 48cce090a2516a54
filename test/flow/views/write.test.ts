import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { artifactFiles, writeArtifacts } from "../../../mcp-server/flow/artifacts.ts";
import type { Run } from "../../../mcp-server/flow/engine.ts";
import type { Project } from "../../../mcp-server/flow/project.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { projectPaths } from "../../../mcp-server/record/paths.ts";
import { sha256 } from "../../../mcp-server/vocab/index.ts";
import { type DiskFaults, fakeClock, memoryDisk } from "../../fakes/index.ts";
import { blocked, staging, success } from "./journals.ts";
import { type Scribe, scribe } from "./scribe.ts";

const ROOT = "/shop";

function runOf(s: Scribe): Run {
  const absent = () => {
    throw new Error("reports do not need this");
  };
  return {
    plan: s.plan,
    clock: fakeClock(),
    get target(): never {
      return absent();
    },
    state: () => s.state,
    events: () => s.events,
    fence: absent,
    interrupted: new AbortController().signal,
    append: (event) => {
      s.add(event);
      const last = s.events.at(-1);
      return last ?? absent();
    },
    act: absent,
    step: absent,
    ask: absent,
    checkpoint: absent,
    latch: absent,
    woken: absent,
    now: absent,
  };
}

function projectOn(faults: DiskFaults = {}) {
  const disk = memoryDisk({}, faults);
  disk.mkdir(ROOT);
  const project = { root: ROOT, ports: { disk }, paths: projectPaths(ROOT), entry: [] } as unknown as Project;
  return { disk, project };
}

const artifacts = (s: Scribe) => s.events.flatMap(({ event }) => (event.event === "artifact" ? [event] : []));

describe("writing artifacts", () => {
  test("at the end every file is there and journalled once with its digest", () => {
    const s = success();
    const { disk, project } = projectOn();
    const due = artifactFiles(recordOf(s.plan, s.events));
    writeArtifacts(project, runOf(s));
    writeArtifacts(project, runOf(s));
    expect(artifacts(s).map(({ path }) => path)).toEqual(due.map(({ path }) => path));
    for (const { path, sha256: digest } of artifacts(s)) {
      expect(sha256(disk.readText(join(ROOT, path)))).toBe(digest);
    }
  });

  test("before the outcome files are written and nothing is journalled", () => {
    const s = scribe();
    staging(s);
    const { disk, project } = projectOn();
    const count = s.events.length;
    writeArtifacts(project, runOf(s));
    expect(s.events).toHaveLength(count);
    expect(disk.readText(join(ROOT, ".aiwg/deployment/regression-gate-staging.md"))).toContain('status: "draft"');
  });

  test("a full disk disturbs no deployment: one warning, and the end fails loudly", () => {
    const s = scribe();
    staging(s);
    const { project } = projectOn({ failFrom: { operation: 2, code: "ENOSPC" } });
    writeArtifacts(project, runOf(s));
    writeArtifacts(project, runOf(s));
    expect(s.state.notices.map(({ level }) => level)).toEqual(["warning"]);
    expect(s.state.notices[0]?.text).toContain("artifacts could not be written");
    const ended = blocked();
    expect(() => writeArtifacts(project, runOf(ended))).toThrow(/ENOSPC/);
    expect(artifacts(ended)).toEqual([]);
  });

  test("a file that somebody changed is written again", () => {
    const s = blocked();
    const { disk, project } = projectOn();
    writeArtifacts(project, runOf(s));
    const path = join(ROOT, ".aiwg/reports/deployment-report-2.1.0.md");
    const text = disk.readText(path);
    disk.writeAtomic(path, "all is well");
    writeArtifacts(project, runOf(s));
    expect(disk.readText(path)).toBe(text);
  });
});
