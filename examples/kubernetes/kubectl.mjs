import { spawnSync } from "node:child_process";

/** Why something could not be done; `retryable`: the same may work later. */
export class Failure extends Error {
  constructor(text, retryable = false) {
    super(text);
    this.retryable = retryable;
  }
}

export const message = (error) => (error instanceof Error ? error.message : String(error));

/** What kubectl says when the cluster is busy or away, not when it refuses. */
const PASSING =
  /unable to connect|connection refused|i\/o timeout|TLS handshake timeout|etcdserver|too many requests|the object has been modified/i;

/** Runs kubectl in the namespace of an environment and returns what it prints. */
export function kubectl(env, args, input = "") {
  const done = spawnSync("kubectl", ["--namespace", env, ...args], { input, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (done.error) throw new Failure(`kubectl cannot be started: ${done.error.message}`);
  if (done.status === 0) return done.stdout;
  throw new Failure(`kubectl ${args.slice(0, 3).join(" ")}: ${done.stderr.trim()}`, PASSING.test(done.stderr));
}

export function kubectlJson(env, args) {
  return JSON.parse(kubectl(env, [...args, "-o", "json"]));
}
