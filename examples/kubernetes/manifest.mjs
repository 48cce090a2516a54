import { Failure } from "./kubectl.mjs";

/** Names of Deployments are lower case and know no dots; a version that would lose its identity is refused. */
export function deploymentName(service, version) {
  if (!/^[a-z0-9.-]{1,40}$/.test(version)) throw new Failure(`version ${version} cannot name a Deployment`);
  return `${service}-${version.replaceAll(".", "-")}`;
}

/** The Deployment of one pool. The image is named by its digest, so a tag that was moved changes nothing. */
export function manifestOf({ SERVICE, IMAGE, PORT, HEALTH_PATH }, { version, digest, instances }) {
  const labels = { app: SERVICE, version };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: deploymentName(SERVICE, version), labels },
    spec: {
      replicas: instances,
      progressDeadlineSeconds: 240,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              name: SERVICE,
              image: `${IMAGE}@${digest}`,
              env: [{ name: "VERSION", value: version }],
              ports: [{ containerPort: Number(PORT) }],
              readinessProbe: { httpGet: { path: HEALTH_PATH, port: Number(PORT) }, periodSeconds: 2 },
              // Endpoints are withdrawn while this runs, so that no connection reaches a process that is ending.
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
            },
          ],
        },
      },
    },
  };
}
