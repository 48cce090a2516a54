import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

/** Real agent hosts: started by scripts/test-hosts.mjs, which installs them first. */
export default mergeConfig(
  { ...base, test: { ...base.test, projects: undefined } },
  defineConfig({ test: { include: ["test/real-hosts/**/*.test.ts"], maxWorkers: 1, fileParallelism: false } }),
);
