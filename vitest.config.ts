import { defineConfig } from "vitest/config";

/** Templates are imported as text, by the bundle (esbuild's text loader) and by the tests (this plugin) alike. */
const templatesAsText = {
  name: "templates-as-text",
  transform(code: string, id: string) {
    return /\.(?:hbs|yaml)$/.test(id) ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined;
  },
};

/** Real processes under load need the machine for themselves: these run one file at a time, after all others. */
const ALONE = ["test/e2e/**/*.test.ts", "test/target/**/*.test.ts", "test/demo/**/*.test.ts"];

export default defineConfig({
  plugins: [templatesAsText],
  test: {
    globalSetup: ["test/build-once.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "rooms",
          include: ["test/**/*.test.ts"],
          exclude: [...ALONE, "test/real-hosts/**"],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: ALONE, maxWorkers: 1, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
