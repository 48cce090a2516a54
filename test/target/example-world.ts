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
export interface ExampleCopy {
  readonly root: string;
  /** Folder with the state of the imitated platform. */
  readonly state: string;
  /** Variables that lead the example's commands to the imitations. */
  readonly env: { readonly PATH: string; readonly KUBECONFIG: string; readonly DOCKER_CONFIG: string };
  /** Puts a build of a version into the imitated registry. */
  publish(version: string, behaviour?: object): void;
  remove(): void;
}

export function copyExample(example: string): ExampleCopy {
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
  const registry = join(state, "registry.json");
  return {
    root,
    state,
    env: {
      PATH: `${join(root, "bin")}${delimiter}${process.env.PATH}`,
      KUBECONFIG: join(state, "cluster.json"),
      DOCKER_CONFIG: state,
    },
    publish: (version, behaviour = {}) => {
      const known = existsSync(registry) ? JSON.parse(readFileSync(registry, "utf8")) : {};
      // Old builds stay in a registry, reached by their digest.
      const digest = digestOf(sha256(JSON.stringify([version, behaviour])));
      const builds = { ...known, [digest]: { digest, behaviour }, [version]: { digest, behaviour } };
      writeFileSync(registry, JSON.stringify(builds));
    },
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

/** A target over the copy of an example. */
export function makeExampleWorld(example: string): QuietWorld {
  const { root, env, publish, remove } = copyExample(example);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { target } = exampleConfig(example);
  if (target.kind !== "command") throw new Error("an example of commands");
  return {
    target: openCommandTarget({ root, config: target, ports: realPorts(), settleMs: 5_000 }),
    publish,
    close: () => {
      vi.unstubAllEnvs();
      remove();
    },
  };
}
