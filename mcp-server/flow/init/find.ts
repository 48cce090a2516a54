import { fromCompose, fromDockerfile, fromManifests } from "./containers.ts";
import type { Findings, Piece, ProjectFiles } from "./findings.ts";
import { fromPackageJson } from "./package-json.ts";
import { fromEntries, fromProcfile, fromSources } from "./sources.ts";

const SOURCE = /\.(?:[cm]?[jt]sx?|py|go|rb|java|kt|cs|php|rs)$/;
const TEST = /(?:^|\/)(?:tests?|__tests__|spec|e2e)\/|\.(?:test|spec)\.|_test\.|(?:^|\/)test_/;
const COMPOSE = /^(?:docker-)?compose\.ya?ml$/;
const DOCKERFILE = /^(?:Dockerfile|Containerfile)$/;
const YAML = /\.ya?ml$/;

/**
 * What the files of a project say, each value with its place. Where two places say something, the one that is closest
 * to what runs in production wins: manifests, then compose file and Dockerfile, then package.json, then the code.
 */
export function findIn(files: ProjectFiles, folderName: string): Findings {
  const named = (pattern: RegExp) => [...files].filter(([path]) => pattern.test(path));
  const manifests = named(YAML).filter(([path, text]) => !COMPOSE.test(path) && /^kind:\s*Deployment\b/m.test(text));
  const sources = new Map([...files].filter(([path]) => SOURCE.test(path) && !TEST.test(path)));
  const procfile = files.get("Procfile");
  const packageJson = files.get("package.json");
  const pieces: readonly Piece[] = [
    ...(manifests.length > 1
      ? [
          {
            notes: [`Deployments in ${manifests.map(([path]) => path).join(", ")}: one deploy.yaml is for one of them`],
          },
        ]
      : manifests.map(([path, text]) => fromManifests(text, path))),
    ...(packageJson === undefined ? [] : [fromPackageJson(packageJson)]),
    ...(procfile === undefined ? [] : [fromProcfile(procfile)]),
    ...named(COMPOSE).map(([path, text]) => fromCompose(text, path)),
    ...named(DOCKERFILE).map(([path, text]) => fromDockerfile(text, path)),
    ...(isPython(files) ? [pythonTests()] : []),
    fromSources(sources),
    fromEntries(files),
    reportsIn(files),
  ];
  // The first piece that has a value wins.
  const merged: Piece = Object.assign({}, ...[...pieces].reverse());
  const { name, notes: _notes, ...values } = merged;
  return {
    ...values,
    name: { value: serviceName(name?.value ?? folderName), from: name?.from ?? "the folder" },
    notes: pieces.flatMap((piece) => piece.notes ?? []),
  };
}

/** A name as deploy.yaml accepts it: `@acme/Shop_API` becomes `shop-api`. */
export function serviceName(text: string): string {
  const plain = text
    .replace(/^@[^/]*\//, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
  return plain === "" ? "service" : plain;
}

function isPython(files: ProjectFiles): boolean {
  return (
    /\bpytest\b/.test(
      files.get("pyproject.toml") ?? files.get("requirements-dev.txt") ?? files.get("requirements.txt") ?? "",
    ) || files.has("pytest.ini")
  );
}

function pythonTests(): Piece {
  return { tests: { value: ["python3", "-m", "pytest", "--junitxml={report}"], from: "pytest in the Python project" } };
}

/** JUnit reports that lie about. */
function reportsIn(files: ProjectFiles): Piece {
  const reports = [...files].filter(
    ([path, text]) => path.endsWith(".xml") && /<testsuites?[\s>]/.test(text.slice(0, 2_000)),
  );
  return reports.length === 0
    ? {}
    : { reports: { value: reports.map(([path]) => path).sort(), from: "files that were found" } };
}
