import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finding, type MachineCheck, ReadinessCheck, runCheck } from "../../../mcp-server/evidence/index.ts";
import { allowEnv, BASE_ENV, type Exec, type Http, realDisk, realExec } from "../../../mcp-server/ports/index.ts";
import { confine } from "../../../mcp-server/record/confine.ts";
import { redact } from "../../../mcp-server/record/redact.ts";
import { type Digest, type Instant, instantOf, type LiveState, type Version } from "../../../mcp-server/vocab/index.ts";
import { fakeClock, fakeHttp } from "../../fakes/index.ts";

export const DIGEST = `sha256:${"ab".repeat(32)}` as Digest;
const SERVING: LiveState = {
  pools: [{ version: "1.0.0" as Version, digest: DIGEST, instances: 2, weightPct: 100 }],
  instances: ["a", "b"].map((id) => ({
    id,
    version: "1.0.0" as Version,
    digest: DIGEST,
    url: `http://${id}.test`,
    state: "ready",
    startedAt: "2026-03-01T00:00:00.000Z" as Instant,
    restarts: 0,
    oomKills: 0,
    crashes: 0,
  })) as unknown as LiveState["instances"],
  measuredSharePct: {},
  measuredRequests: 0,
  entryUrl: "http://entry.test",
  readAt: "2026-03-01T00:00:00.000Z" as Instant,
};

/** A folder of real files and a clock that stands still. */
export function checkRoom() {
  const root = mkdtempSync(join(tmpdir(), "readiness-"));
  const clock = fakeClock();
  const http = fakeHttp();
  return {
    root,
    clock,
    http,
    /** Writes a file of a certain age. */
    file: (name: string, text: string | Uint8Array, ageMs = 0) => {
      writeFileSync(join(root, name), text);
      const at = new Date(Date.parse(clock.wall()) - ageMs);
      utimesSync(join(root, name), at, at);
    },
    ago: (ms: number) => instantOf(Date.parse(clock.wall()) - ms),
    check: (
      given: object,
      o: { exec?: Exec; http?: Http; signal?: AbortSignal; live?: LiveState } = {},
    ): Promise<Finding> =>
      runCheck(
        ReadinessCheck.parse({ id: "it", criterion: "SEC-1", ...given }) as MachineCheck,
        {
          clock,
          disk: realDisk,
          exec: o.exec ?? realExec,
          http: o.http ?? http,
          root,
          inside: (path) => confine(realDisk, root, path),
          env: (names) => allowEnv([...BASE_ENV, ...names]),
          redact,
          version: "2.0.0",
          previousVersion: "1.0.0",
          digest: DIGEST,
          metricsPath: "/metrics",
          production: async () => o.live ?? SERVING,
        },
        o.signal ?? new AbortController().signal,
      ),
    end: () => rmSync(root, { recursive: true, force: true }),
  };
}
