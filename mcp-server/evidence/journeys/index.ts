export * from "./config.ts";
export { type JourneysOptions, runJourneys } from "./run.ts";
export * from "./walk.ts";
