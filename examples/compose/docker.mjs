import { spawnSync } from "node:child_process";

/** Why something could not be done; `retryable`: the same may work later. */
export class Failure extends Error {
  constructor(text, retryable = false) {
    super(text);
    this.retryable = retryable;
  }
}

export const message = (error) => (error instanceof Error ? error.message : String(error));

/** What docker says when the engine or the registry is busy or away, or when a container went meanwhile. */
const PASSING =
  /cannot connect to the docker daemon|connection refused|i\/o timeout|TLS handshake timeout|context deadline exceeded|toomanyrequests|no such container|is already in progress/i;

/** Runs docker and returns what it prints; `env` is added to the variables, for compose files. */
export function docker(args, env = {}) {
  const done = spawnSync("docker", args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 26,
  });
  if (done.error) throw new Failure(`docker cannot be started: ${done.error.message}`);
  if (done.status === 0) return done.stdout;
  throw new Failure(`docker ${args.slice(0, 4).join(" ")}: ${done.stderr.trim()}`, PASSING.test(done.stderr));
}

export const lines = (text) => text.split("\n").filter((line) => line !== "");
