import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { vi } from "vitest";
import type { DeployConfig } from "../../mcp-server/flow/config.ts";
import { parseDeployConfig } from "../../mcp-server/flow/config-file.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { openCommandTarget } from "../../mcp-server/target/index.ts";
import { digestOf, sha256 } from "../../mcp-server/vocab/index.ts";
import type { QuietWorld } from "./conformance-without-traffic.ts";

const ROOT = join(import.meta.dirname, "../..");
const PLATFORMS = join(ROOT, "test/fixtures/platforms");

/** deploy.yaml of an example, as it is read. */
export function exampleConfig(example: string): DeployConfig {
  const file = join(ROOT, "examples", example, "deploy.yaml");
  return parseDeployConfig(readFileSync(file, "utf8"), file);
}

/** A copy of an example whose kubectl and docker are imitations with a state of their own. */
export function makeExampleWorld(example: string): QuietWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), `example-${example}-`)));
  cpSync(join(ROOT, "examples", example), root, { recursive: true });
  const state = join(root, "platform");
  mkdirSync(join(root, "bin"));
  mkdirSync(state);
  for (const program of ["kubectl", "docker"]) {
    const shim = join(root, "bin", program);
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(PLATFORMS, `${program}.mjs`)}" "$@"\n`);
    chmodSync(shim, 0o755);
  }
  vi.stubEnv("PATH", `${join(root, "bin")}${delimiter}${process.env.PATH}`);
  vi.stubEnv("KUBECONFIG", join(state, "cluster.json"));
  vi.stubEnv("DOCKER_CONFIG", state);
  const { target } = exampleConfig(example);
  if (target.kind !== "command") throw new Error("an example of commands");
  const registry = join(state, "registry.json");
  return {
    target: openCommandTarget({ root, config: target, ports: realPorts(), settleMs: 5_000 }),
    publish: (version, behaviour = {}) => {
      const known = existsSync(registry) ? JSON.parse(readFileSync(registry, "utf8")) : {};
      // Old builds stay in a registry, reached by their digest.
      const digest = digestOf(sha256(JSON.stringify([version, behaviour])));
      const builds = { ...known, [digest]: { digest, behaviour }, [version]: { digest, behaviour } };
      writeFileSync(registry, JSON.stringify(builds));
    },
    close: () => {
      vi.unstubAllEnvs();
      rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
