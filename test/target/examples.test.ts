import { quietConformance } from "./conformance-without-traffic.ts";
import { makeExampleWorld } from "./example-world.ts";

quietConformance("examples/kubernetes", () => makeExampleWorld("kubernetes"));
quietConformance("examples/compose", () => makeExampleWorld("compose"));
