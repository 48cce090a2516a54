export { judgeLoad, type LoadAsked } from "./judge-load.ts";
export type { LoadPoint, LoadResult, LoadWindow } from "./result.ts";
export { LoadMetric, LoadVerdict } from "./verdict.ts";
