export * from "./prober.ts";
export * from "./source.ts";
export * from "./totals.ts";
