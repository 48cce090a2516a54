import { afterAll } from "vitest";
import { makeCommandWorld, removePlatformBundle } from "./command-world.ts";
import { targetConformance } from "./conformance.ts";

targetConformance("a platform behind commands", makeCommandWorld);
afterAll(removePlatformBundle);
