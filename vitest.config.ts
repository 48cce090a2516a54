import { defineConfig } from "vitest/config";

/** Templates are imported as text, by the bundle (esbuild's text loader) and by the tests (this plugin) alike. */
const templatesAsText = {
  name: "templates-as-text",
  transform(code: string, id: string) {
    return id.endsWith(".hbs") ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined;
  },
};

export default defineConfig({
  plugins: [templatesAsText],
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/build-once.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
