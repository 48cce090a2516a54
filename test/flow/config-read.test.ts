import { describe, expect, it } from "vitest";
import { readConfigText } from "../../mcp-server/flow/config-read.ts";
import type { Disk } from "../../mcp-server/ports/index.ts";
import { FlowError } from "../../mcp-server/vocab/index.ts";
import { memoryDisk } from "../fakes/index.ts";

const FILE = "/shop/deploy.yaml";
const refusal = (disk: Disk) => {
  try {
    readConfigText(disk, { root: "/shop", file: FILE });
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("it was not refused");
};

describe("reading deploy.yaml", () => {
  it("says of a file that may not be read which it is and what to do", () => {
    const disk = memoryDisk({ [FILE]: "service: shop\n" });
    const refusing: Disk = {
      ...disk,
      read: () => {
        throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
      },
    };
    const error = refusal(refusing);
    expect(error).toMatchObject({ code: "config", where: { file: FILE }, found: "EACCES: permission denied" });
    expect(error.next).not.toBe("");
  });

  it("takes a byte order mark away", () => {
    const disk = memoryDisk({ [FILE]: "\ufeffservice: shop\n" });
    expect(readConfigText(disk, { root: "/shop", file: FILE })).toBe("service: shop\n");
  });
});
