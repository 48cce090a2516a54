export * from "./answer.ts";
export { runSmoke, type SmokeDepth, type SmokeOptions } from "./run.ts";
