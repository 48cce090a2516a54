import { vi } from "vitest";

/**
 * Import first where a test tells hundreds of runs: reports are rendered from the journal and decide nothing, so they
 * are left out there. The tests of views and archive write them.
 */
vi.mock("../../mcp-server/flow/artifacts.ts", () => ({ writeArtifacts: () => {} }));
vi.mock("../../mcp-server/flow/audit.ts", () => ({ auditTrail: () => "", metricsFile: () => "{}" }));

// Runners that die in these tests go on talking about it.
vi.spyOn(process.stderr, "write").mockImplementation(() => true);
