export * from "./capabilities.ts";
export { openCommandTarget } from "./command/client.ts";
export { CommandConfig } from "./command/config.ts";
export * from "./config.ts";
export { openSandbox, type SandboxTarget } from "./sandbox/client.ts";
export { runSandboxDaemon } from "./sandbox/daemon.ts";
export type { ProxyStats } from "./sandbox/tally.ts";
export * from "./target.ts";
