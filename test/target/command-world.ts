import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { CommandConfig, openCommandTarget, openSandbox, SandboxConfig } from "../../mcp-server/target/index.ts";
import { bundle } from "../../scripts/bundle.mjs";
import type { TargetWorld } from "./world.ts";

const here = import.meta.dirname;
let bundled: Promise<string> | undefined;

/** The small platform as one file that can be started as a command. */
export function platformBundle(): Promise<string> {
  bundled ??= (async () => {
    const outfile = join(mkdtempSync(join(tmpdir(), "platform-bundle-")), "platform.mjs");
    await bundle(join(here, "../fixtures/target/platform.ts"), outfile);
    return outfile;
  })();
  return bundled;
}

/** Removes what {@link platformBundle} built; call it once after all tests of a file. */
export async function removePlatformBundle(): Promise<void> {
  if (bundled) rmSync(join(await bundled, ".."), { recursive: true, force: true });
}

/** The verbs of the small platform as deploy.yaml writes them; its settings are read from platform.json of the project. */
export function platformVerbs(platform: string, root: string): Record<string, unknown> {
  const verb = (name: string, argument: string) => ({
    command: [process.execPath, platform, name, root, argument],
    timeout: "30s",
  });
  return {
    resolve: verb("resolve", "{version}"),
    observe: verb("observe", "{env}"),
    apply: verb("apply", "{env}"),
  };
}

/** Settings of the sandbox that the small platform drives. */
export const PLATFORM_SANDBOX = {
  kind: "sandbox",
  artifact: "releases/{version}",
  command: ["node", "{artifact}/service.mjs"],
  startTimeout: "5s",
  drainTimeout: "3s",
  environments: { staging: {}, production: {} },
};

/** An empty platform in a temporary project, and the command target that leads to it. */
export async function makeCommandWorld(): Promise<TargetWorld> {
  const platform = await platformBundle();
  const root = realpathSync(mkdtempSync(join(tmpdir(), "command-project-")));
  writeFileSync(join(root, "platform.json"), JSON.stringify(PLATFORM_SANDBOX));
  const section = {
    kind: "command",
    production: false,
    routing: "per-request",
    measuresTraffic: true,
    ...platformVerbs(platform, root),
  };
  const config = CommandConfig.parse(section);
  return {
    target: openCommandTarget({ root, config, ports: realPorts() }),
    publish: (version, behaviour = {}) => {
      const folder = join(root, "releases", version);
      mkdirSync(folder, { recursive: true });
      cpSync(join(here, "../fixtures/target/service.mjs"), join(folder, "service.mjs"));
      writeFileSync(join(folder, "behaviour.json"), JSON.stringify(behaviour));
    },
    applyElsewhere: (env, pools, fence) =>
      spawn(
        process.execPath,
        [platform, "client", root, JSON.stringify(section), env, JSON.stringify(pools), JSON.stringify(fence)],
        { stdio: ["ignore", "pipe", "inherit"] },
      ),
    close: async () => {
      const config = SandboxConfig.parse(PLATFORM_SANDBOX);
      await openSandbox({ root, config, ports: realPorts(), daemonArgv: [] }).shutdown();
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
