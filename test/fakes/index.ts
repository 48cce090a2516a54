export * from "./clock.ts";
export * from "./exec.ts";
export * from "./http.ts";
export * from "./ids.ts";
export * from "./memory-disk.ts";
export * from "./processes.ts";
