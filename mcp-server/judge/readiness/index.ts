export * from "./acknowledged.ts";
export * from "./answer.ts";
export * from "./criteria.ts";
export * from "./report.ts";
export * from "./settle.ts";
