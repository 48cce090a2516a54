import { join } from "node:path";
import { SIGNATURE_NAMESPACE } from "../../flow/signature.ts";
import { allowEnv, BASE_ENV, type Ports, privatePath } from "../../ports/index.ts";
import type { Confirmation } from "../../tools/tool.ts";
import { FlowError, messageOf } from "../../vocab/index.ts";
import type { Terminal } from "./output.ts";

export interface SignWith {
  /** What is signed; shown to the person before the key is asked for. */
  readonly statement: string;
  /** Private key file, or the public half of a key that an agent holds. */
  readonly key: string;
  /** The name under which the allowed signers file knows the key. */
  readonly person: string;
  readonly root: string;
  readonly ports: Pick<Ports, "disk" | "ids" | "processes">;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Variables through which ssh-keygen reaches an agent, a security key or a dialog for the passphrase. */
const SSH_ENV = [
  "SSH_AUTH_SOCK",
  "SSH_ASKPASS",
  "SSH_ASKPASS_REQUIRE",
  "SSH_SK_PROVIDER",
  "DISPLAY",
  "WAYLAND_DISPLAY",
];

/**
 * Lets ssh-keygen sign a decision with a person's key. It has this process's terminal, so that it can ask for a
 * passphrase or a touch, which is what an agent cannot give. Throws FlowError `refused` when nothing was signed.
 */
export async function signDecision(o: SignWith): Promise<Confirmation> {
  const { disk, ids, processes } = o.ports;
  const folder = privatePath(o.root, `statement-${ids.hex(6)}`);
  const file = join(folder, "decision");
  o.terminal.err(`${o.statement}\n`);
  try {
    disk.mkdir(folder);
    disk.createExclusive(file, o.statement, 0o600);
    const child = processes.spawnChild(
      ["ssh-keygen", "-q", "-Y", "sign", "-f", o.key, "-n", SIGNATURE_NAMESPACE, file],
      {
        cwd: folder,
        env: allowEnv([...BASE_ENV, ...SSH_ENV]),
        stdio: "inherit",
      },
    );
    o.signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit, killedBy) => resolve(exit ?? killedBy ?? "no code"));
    });
    if (code !== 0) throw notSigned(`ssh-keygen ended with ${code}`);
    return { way: "ssh-signature", person: o.person, signature: disk.readText(`${file}.sig`) };
  } catch (error) {
    throw error instanceof FlowError ? error : notSigned(messageOf(error), error);
  } finally {
    disk.remove(folder);
  }
}

function notSigned(found: string, cause?: unknown): FlowError {
  return new FlowError({
    code: "refused",
    what: "the decision was not signed, so nothing was decided",
    expected: "a key that ssh-keygen -Y sign can use",
    found,
    next: "name your key in --sign-with; docs/approvals.md shows how to try it",
    ...(cause === undefined ? {} : { cause }),
  });
}
