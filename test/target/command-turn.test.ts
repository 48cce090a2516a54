import { describe, expect, it } from "vitest";
import type { Ports } from "../../mcp-server/ports/index.ts";
import { isWorking, takeTurn } from "../../mcp-server/target/command/turn.ts";
import { fakeClock, fakeIds, fakeProcesses, memoryDisk } from "../fakes/index.ts";

const FOLDER = "/shop/.aiwg/command-target/production";

describe("a turn of the command target", () => {
  it("goes on where a full disk keeps its process group from being noted, and still ends when it is taken over", async () => {
    const disk = memoryDisk();
    const killed: number[] = [];
    const table = fakeProcesses();
    const processes: Ports["processes"] = { ...table, kill: (group) => killed.push(group) > 0 };
    const ports = { disk, processes, ids: fakeIds(), clock: fakeClock() } as unknown as Ports;
    const full: Ports["disk"] = {
      ...disk,
      writeAtomic: () => {
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      },
    };
    const turn = await takeTurn({ ...ports, disk: full }, FOLDER, "apply");
    const pid = table.start();
    turn.started(pid);
    expect(killed).toEqual([]);
    await takeTurn(ports, FOLDER, "apply");
    turn.started(pid);
    expect(killed).toEqual([-pid]);
  });

  const MARK = "DEPLOY_FLOW_TURN";
  /** A runner's turn whose command has one child; then the runner is dead and its command is as the case says. */
  async function leftBehind(o: { leader: "lives" | "gone" | "pid reused"; child: "marked" | "unmarked" | "none" }) {
    const table = fakeProcesses();
    const ports = { disk: memoryDisk(), processes: table, ids: fakeIds(), clock: fakeClock() } as unknown as Ports;
    const turn = await takeTurn(ports, FOLDER, "apply");
    const leader = table.start(undefined, { env: { [MARK]: turn.mark } });
    turn.started(leader);
    const env: Record<string, string> = o.child === "marked" ? { [MARK]: turn.mark } : {};
    const child = o.child === "none" ? undefined : table.start(undefined, { group: leader, env });
    if (o.leader !== "lives") table.end(leader);
    if (o.leader === "pid reused") table.start(leader);
    return { ports, table, leader, child };
  }

  it.each([
    { leader: "lives", child: "marked", works: true },
    { leader: "lives", child: "none", works: true },
    { leader: "gone", child: "marked", works: true },
    { leader: "gone", child: "unmarked", works: false },
    { leader: "gone", child: "none", works: false },
    { leader: "pid reused", child: "none", works: false },
  ] as const)(
    "whose leader $leader, with a child that is $child: works on $works",
    async ({ leader, child, works }) => {
      const left = await leftBehind({ leader, child });
      expect(isWorking(left.ports, FOLDER, "apply")).toBe(works);
      await takeTurn(left.ports, FOLDER, "apply");
      expect(left.table.signals).toEqual(works ? [{ pid: -left.leader, signal: "SIGKILL" }] : []);
      if (works && left.child !== undefined) expect(left.table.identify(left.child)).toBeUndefined();
      if (leader === "pid reused") expect(left.table.identify(left.leader)).toBeDefined();
    },
  );

  it("has nothing left after the machine was started anew", async () => {
    const left = await leftBehind({ leader: "lives", child: "marked" });
    left.table.reboot();
    const after = left.table.as(left.table.start());
    const ports = { ...left.ports, processes: after } as Ports;
    expect(isWorking(ports, FOLDER, "apply")).toBe(false);
  });
});
