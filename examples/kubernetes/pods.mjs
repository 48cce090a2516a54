const digestIn = (image = "") => /sha256:[0-9a-f]{64}$/.exec(image)?.[0];

/** Pools as the Deployments and the selector of the Service say. */
export function poolsOf(deployments, selected) {
  const running = deployments.filter(({ spec }) => spec.replicas > 0);
  const serving = running.filter(({ metadata }) => (selected.version ?? metadata.labels.version) === metadata.labels.version);
  const replicas = serving.reduce((sum, { spec }) => sum + spec.replicas, 0);
  return running.map((deployment) => ({
    version: deployment.metadata.labels.version,
    digest: digestIn(deployment.spec.template.spec.containers[0].image),
    instances: deployment.spec.replicas,
    weightPct: serving.includes(deployment) ? (100 * deployment.spec.replicas) / replicas : 0,
  }));
}

/** A pod as an instance. The kubelet keeps the last end of a container only, so one out-of-memory kill is told, not how many. */
export function instanceOf({ metadata, spec, status }, { urlPattern, env } = {}) {
  const containers = status.containerStatuses ?? [];
  const ends = containers.flatMap(({ state, lastState }) => [state?.terminated, lastState?.terminated]);
  return {
    id: metadata.name,
    version: metadata.labels.version,
    // What was really pulled; before that, what the pod names.
    digest: digestIn(containers[0]?.imageID) ?? digestIn(spec.containers[0].image),
    state: stateOf({ metadata, status }, containers),
    startedAt: status.startTime ?? metadata.creationTimestamp,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    oomKills: ends.some((end) => end?.reason === "OOMKilled") ? 1 : 0,
    ...(urlPattern ? { url: urlOf(urlPattern, { env, pod: metadata.name, ip: status.podIP }) } : {}),
  };
}

/** Where the runner reaches a pod. One that has no address yet is not ready, and nobody asks it at this one. */
function urlOf(pattern, { env, pod, ip = "0.0.0.0" }) {
  return pattern.replaceAll("{env}", env).replaceAll("{pod}", pod).replaceAll("{ip}", ip);
}

function stateOf({ metadata, status }, containers) {
  if (metadata.deletionTimestamp) return "draining";
  if (status.phase === "Failed" || status.phase === "Succeeded") return "stopped";
  const ready = (status.conditions ?? []).find(({ type }) => type === "Ready");
  if (ready?.status === "True") return "ready";
  // Readiness that was lost changed after the container had started; readiness that is awaited did not.
  const startedAt = Date.parse(containers[0]?.state?.running?.startedAt ?? "");
  const lost = Date.parse(ready?.lastTransitionTime ?? "") > startedAt;
  return lost || containers.some(({ restartCount }) => restartCount > 0) ? "unhealthy" : "starting";
}
