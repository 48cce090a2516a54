export * from "./config.ts";
export { openSandbox, type SandboxTarget } from "./sandbox/client.ts";
export { runSandboxDaemon } from "./sandbox/daemon.ts";
export type { ProxyStats } from "./sandbox/tally.ts";
export * from "./target.ts";
