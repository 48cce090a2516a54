import { TargetError } from "../target.ts";

/** Why nothing can be asked of a daemon that is about to end. */
export function shuttingDown(): TargetError {
  return new TargetError("the sandbox is shutting down", { retryable: true, next: "call again to start it anew" });
}
