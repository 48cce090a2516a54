export * from "./answer.ts";
export { isLeftOut, runSmoke, type SmokeDepth, type SmokeOptions } from "./run.ts";
