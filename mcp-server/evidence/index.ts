export * from "./config.ts";
export * from "./http-step.ts";
export * from "./journeys/index.ts";
export * from "./metrics/index.ts";
export * from "./placeholders.ts";
export * from "./readiness/index.ts";
export * from "./smoke/index.ts";
export * from "./tests/index.ts";
