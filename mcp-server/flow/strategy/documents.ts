import { join } from "node:path";
import { sha256 } from "../../vocab/index.ts";
import type { Project } from "../project.ts";
import type { StrategyChoice } from "./choice.ts";

const NAMED = [".aiwg/intake/project-intake.md", ".aiwg/architecture/software-architecture-doc.md"] as const;
const PLANS = ".aiwg/deployment";
const LARGEST_BYTES = 1_000_000;

/**
 * Documents about the project that advisers may read: intake, architecture, deployment plans that people wrote. Only
 * their digests are kept; plans that this program rendered are left out, because every run would change the next plan.
 */
export function adviceDocuments(project: Project): StrategyChoice["documents"] {
  const { disk } = project.ports;
  const plans = disk
    .list(join(project.root, PLANS))
    .filter((name) => /^deployment-plan-.{1,80}\.md$/.test(name))
    .sort()
    .map((name) => `${PLANS}/${name}`);
  return [...NAMED, ...plans].flatMap((path) => {
    const absolute = join(project.root, path);
    const stat = disk.stat(absolute);
    if (stat?.kind !== "file" || stat.size > LARGEST_BYTES) return [];
    const text = disk.readText(absolute);
    return isOurs(text) ? [] : [{ path, sha256: sha256(text) }];
  });
}

/** Front matter of this program's own documents, told without reading it as YAML. */
function isOurs(text: string): boolean {
  const head = /^---\n([\s\S]{0,4000}?)\n---\n/.exec(text)?.[1] ?? "";
  return /^kind: "?deployment-plan"?$/m.test(head) && /^generator: ["']?deploy-flow /m.test(head);
}
