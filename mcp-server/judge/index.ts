export * from "./freeze/index.ts";
export * from "./gates/index.ts";
export { InfraVerdict, infraVerdict, judgeInfra } from "./infra.ts";
export * from "./inputs.ts";
export * from "./metrics/index.ts";
export { JUDGE } from "./name.ts";
export * from "./sequential/index.ts";
export { compareSmoke, judgeSmoke, type SmokeComparison } from "./smoke.ts";
export * from "./tests/index.ts";
