import { afterAll } from "vitest";
import { targetConformance } from "./conformance.ts";
import { makeSandboxWorld, removeBundle } from "./sandbox-world.ts";

targetConformance("the sandbox", () => makeSandboxWorld());
afterAll(removeBundle);
