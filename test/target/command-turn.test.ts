import { describe, expect, it } from "vitest";
import type { Ports } from "../../mcp-server/ports/index.ts";
import { takeTurn } from "../../mcp-server/target/command/turn.ts";
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
});
