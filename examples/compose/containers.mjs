import { docker, Failure, lines } from "./docker.mjs";

export const projectOf = ({ Config }) => Config.Labels["com.docker.compose.project"];
export const versionOf = ({ Config }) => Config.Labels["deploy-flow.version"];
const numberOf = ({ Config }) => Number(Config.Labels["com.docker.compose.container-number"]);
const digestIn = (reference = "") => /sha256:[0-9a-f]{64}$/.exec(reference)?.[0];

/** The containers of the service in an environment, also stopped ones, as `docker inspect` shows them, in their order. */
export function containersOf(service, env) {
  const labels = [`deploy-flow.service=${service}`, `deploy-flow.env=${env}`];
  const filters = labels.flatMap((label) => ["--filter", `label=${label}`]);
  const ids = lines(docker(["ps", "--all", "--quiet", "--no-trunc", ...filters]));
  if (ids.length === 0) return [];
  const containers = JSON.parse(docker(["inspect", "--type", "container", ...ids]));
  return containers.sort((a, b) => numberOf(a) - numberOf(b));
}

/** By image id: the digests by which the registry knows the image. */
export function repoDigests(containers) {
  const ids = [...new Set(containers.map(({ Image }) => Image))];
  if (ids.length === 0) return new Map();
  const images = JSON.parse(docker(["image", "inspect", ...ids]));
  return new Map(images.map(({ Id, RepoDigests }) => [Id, (RepoDigests ?? []).map(digestIn)]));
}

/** What shall run: a container that has ended for good no longer counts. */
export const isKept = ({ State }) => !["exited", "dead", "removing"].includes(State.Status);

/** Pools as the containers and the weights that the proxy has loaded say. */
export function poolsOf(containers, digests, weights) {
  const kept = containers.filter(isKept);
  return [...new Set(kept.map(projectOf))].map((project) => {
    const own = kept.filter((container) => projectOf(container) === project);
    return {
      version: versionOf(own[0]),
      digest: digestOf(own[0], digests),
      instances: own.length,
      weightPct: weights[project] ?? 0,
    };
  });
}

/** The digest of the image that really runs: the one that was asked for where the image has it, else its own. */
function digestOf({ Image, Config }, digests) {
  const known = digests.get(Image) ?? [];
  const asked = digestIn(Config.Image);
  const found = known.includes(asked) ? asked : known[0];
  if (!found) throw new Failure(`image ${Image} has no digest of a registry`);
  return found;
}

/** A container as an instance. The engine tells how its last run ended, so one out-of-memory kill is told, not how many. */
export function instanceOf(container, digests, { network, port }) {
  const { Id, Created, RestartCount, State, NetworkSettings } = container;
  const address = NetworkSettings.Networks[network]?.IPAddress;
  return {
    id: Id.slice(0, 12),
    version: versionOf(container),
    digest: digestOf(container, digests),
    state: stateOf(container),
    startedAt: Created,
    restarts: RestartCount,
    oomKills: State.OOMKilled ? Math.min(1, Math.max(RestartCount, State.Running ? 0 : 1)) : 0,
    // One that waits for its next start has no address; nobody answers at this one either.
    url: `http://${address || "0.0.0.0"}:${port}`,
  };
}

function stateOf({ State, RestartCount }) {
  switch (State.Status) {
    case "running":
      if (State.Health?.Status === "healthy") return "ready";
      if (State.Health?.Status === "unhealthy" || RestartCount > 0) return "unhealthy";
      return "starting";
    case "created":
      return "starting";
    case "restarting":
    case "paused":
      return "unhealthy";
    case "removing":
      return "draining";
    default:
      return "stopped";
  }
}
