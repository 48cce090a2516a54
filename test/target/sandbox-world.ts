import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { openSandbox, SandboxConfig } from "../../mcp-server/target/index.ts";
import { bundle } from "../../scripts/bundle.mjs";
import type { SandboxWorld } from "./world.ts";

const here = import.meta.dirname;
let bundled: Promise<string> | undefined;

/** The daemon runs as a process of its own, from one file, as it does for users. */
function daemonBundle(): Promise<string> {
  bundled ??= (async () => {
    const outfile = join(mkdtempSync(join(tmpdir(), "sandbox-bundle-")), "sandbox.mjs");
    await bundle(join(here, "sandbox-process.ts"), outfile);
    return outfile;
  })();
  return bundled;
}

/** Removes what {@link makeSandboxWorld} built; call it once after all tests of a file. */
export async function removeBundle(): Promise<void> {
  if (bundled) rmSync(join(await bundled, ".."), { recursive: true, force: true });
}

/** An empty sandbox in a temporary project. */
export async function makeSandboxWorld(settings: Record<string, unknown> = {}): Promise<SandboxWorld> {
  const outfile = await daemonBundle();
  const root = realpathSync(mkdtempSync(join(tmpdir(), "sandbox-project-")));
  const configJson = JSON.stringify({
    kind: "sandbox",
    artifact: "releases/{version}",
    command: ["node", "{artifact}/service.mjs"],
    startTimeout: "5s",
    drainTimeout: "3s",
    environments: { staging: {}, production: {} },
    migrate: { command: ["node", "migrate.mjs", "{migration}", "{env}"], timeout: "10s" },
    ...settings,
  });
  const config = SandboxConfig.parse(JSON.parse(configJson));
  const daemonArgv = [process.execPath, outfile, "daemon", root, configJson];
  const another = () => openSandbox({ root, config, ports: realPorts(), daemonArgv });
  const target = another();
  cpSync(join(here, "../fixtures/target/migrate.mjs"), join(root, "migrate.mjs"));
  return {
    target,
    root,
    another,
    publish: (version, behaviour = {}) => {
      const folder = join(root, "releases", version);
      mkdirSync(folder, { recursive: true });
      cpSync(join(here, "../fixtures/target/service.mjs"), join(folder, "service.mjs"));
      writeFileSync(join(folder, "behaviour.json"), JSON.stringify(behaviour));
    },
    applyElsewhere: (env, pools, fence) =>
      spawn(process.execPath, [outfile, "apply", root, configJson, env, JSON.stringify(pools), JSON.stringify(fence)], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    migrated: (env) => {
      const ledger = join(root, `migrated-${env}.txt`);
      return existsSync(ledger) ? readFileSync(ledger, "utf8").trim().split("\n") : [];
    },
    close: async () => {
      await target.shutdown();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
