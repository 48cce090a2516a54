import { join } from "node:path";
import { z } from "zod";
import type { Ports } from "../../ports/index.ts";
import type { Ms } from "../../vocab/index.ts";

/** One change of an environment under way. A later one supersedes it: its command is killed, also one of a dead runner. */
export interface Turn {
  /** What its command finds in {@link TURN_VARIABLE}: what it started is known by that when its leader is gone. */
  readonly mark: string;
  /** Somebody has taken the turn over. */
  superseded(): boolean;
  /** The process group that now works for this turn. Killed at once when the turn was taken over meanwhile. */
  started(pid: number): void;
  end(): void;
}

/** The leader of a process group, told apart from a later process with the same pid, and the mark of its turn. */
const Working = z.object({
  pid: z.number().int().min(2),
  start: z.string(),
  bootId: z.string(),
  host: z.string(),
  mark: z.string(),
});
type Working = z.infer<typeof Working>;

const TURN = /^(apply|migrate)-([0-9a-f]+)\.turn$/;
/** Variable that the command of a turn is started with. */
export const TURN_VARIABLE = "DEPLOY_FLOW_TURN";
const GONE_WITHIN_MS: Ms = 2_000;

const nameOf = (verb: string, id: string) => `${verb}-${id}.turn`;
const groupOf = (verb: string, id: string) => `${verb}-${id}.group.json`;

/**
 * Takes the turn of a verb in an environment. Who takes over removes the other's turn first and reads its process
 * group after; who works writes its group first and looks for its turn after. So at least one of them sees the other.
 */
export async function takeTurn(ports: Ports, folder: string, verb: "apply" | "migrate"): Promise<Turn> {
  const { disk, ids } = ports;
  disk.mkdir(folder, 0o700);
  const id = ids.hex(8);
  const mine = join(folder, nameOf(verb, id));
  const group = join(folder, groupOf(verb, id));
  disk.createExclusive(mine, "", 0o600);
  const killed: Working[] = [];
  for (const other of turnsOf(ports, folder, verb)) {
    if (other === id) continue;
    disk.remove(join(folder, nameOf(verb, other)));
    const working = readWorking(ports, join(folder, groupOf(verb, other)));
    disk.remove(join(folder, groupOf(verb, other)));
    if (working && kill(ports, working)) killed.push(working);
  }
  await allGone(ports, killed);
  const superseded = () => disk.stat(mine) === undefined;
  return {
    mark: id,
    superseded,
    started: (pid) => {
      const identity = ports.processes.identify(pid);
      // It has ended already: there is nothing to kill later.
      if (!identity) return;
      const working = { ...identity, mark: id };
      try {
        disk.writeAtomic(group, JSON.stringify(working), 0o600);
      } catch {
        // A full disk must not keep traffic from going back: the command works on, and only this process can end it.
      }
      if (superseded()) kill(ports, working);
    },
    end: () => {
      disk.remove(group);
      disk.remove(mine);
    },
  };
}

/** A turn of this verb whose command still runs. */
export function isWorking(ports: Ports, folder: string, verb: "apply" | "migrate"): boolean {
  return turnsOf(ports, folder, verb).some((id) => {
    const working = readWorking(ports, join(folder, groupOf(verb, id)));
    return working !== undefined && lives(ports, working);
  });
}

function turnsOf({ disk }: Ports, folder: string, verb: string): string[] {
  return disk.list(folder).flatMap((name) => {
    const [, ofVerb, id] = TURN.exec(name) ?? [];
    return ofVerb === verb && id !== undefined ? [id] : [];
  });
}

function readWorking({ disk }: Ports, path: string): Working | undefined {
  try {
    return Working.parse(JSON.parse(disk.readText(path)));
  } catch {
    return undefined;
  }
}

/**
 * Whether anything of a turn's process group still works. Its leader may be gone while its children go on: a group id is
 * given to nobody else while its group has a member, so one child that carries the mark makes the group this turn's.
 */
function lives({ processes }: Ports, { pid, start, bootId, host, mark }: Working): boolean {
  const self = processes.self();
  if (self.bootId !== bootId || self.host !== host) return false;
  const leader = processes.identify(pid);
  // Another process with this pid: the group had ended before the pid was given out again.
  if (leader) return leader.start === start;
  return processes.group(pid).some((member) => processes.startedWith(member, TURN_VARIABLE, mark));
}

/** Kills a whole process group; false when it is gone. */
function kill(ports: Ports, working: Working): boolean {
  return lives(ports, working) && ports.processes.kill(-working.pid, "SIGKILL");
}

async function allGone(ports: Ports, killed: readonly Working[]): Promise<void> {
  const until = ports.clock.mono() + GONE_WITHIN_MS;
  while (killed.some((one) => lives(ports, one)) && ports.clock.mono() < until) await ports.clock.sleep(10);
}
