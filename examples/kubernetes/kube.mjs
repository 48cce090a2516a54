// observe and apply for Kubernetes by way of kubectl. Environments are namespaces; each version has a Deployment of its
// own, named after it; the selector of one Service says which of them get traffic.
import { readFileSync } from "node:fs";
import { Failure, kubectl, kubectlJson, message } from "./kubectl.mjs";
import { deploymentName, manifestOf } from "./manifest.mjs";
import { instanceOf, poolsOf } from "./pods.mjs";

const { SERVICE = "", POD_URL } = process.env;
const [verb, env] = process.argv.slice(2);

function look() {
  const ofService = ["-l", `app=${SERVICE}`];
  const deployments = kubectlJson(env, ["get", "deployments", ...ofService]).items;
  const pods = kubectlJson(env, ["get", "pods", ...ofService]).items;
  const service = kubectlJson(env, ["get", "service", SERVICE]);
  return { deployments, pods, selected: service.spec.selector };
}

function observe() {
  const { deployments, pods, selected } = look();
  const answer = {
    entryUrl: process.env[`ENTRY_URL_${env.toUpperCase()}`],
    pools: poolsOf(deployments, selected),
    instances: pods.map((pod) => instanceOf(pod, { urlPattern: POD_URL, env })),
  };
  process.stdout.write(JSON.stringify(answer));
}

/** Which pods get traffic: of one version, of all versions in proportion to their number, or none. */
function selectorFor(pools) {
  const serving = pools.filter((pool) => pool.weightPct > 0);
  if (serving.length === 0) return { app: SERVICE, version: "none" };
  if (serving.length === 1) return { app: SERVICE, version: serving[0].version };
  const idle = pools.find((pool) => pool.weightPct === 0 && pool.instances > 0);
  if (idle) throw new Failure(`${idle.version} cannot run without traffic while two others share it`);
  return { app: SERVICE };
}

function apply() {
  const pools = JSON.parse(readFileSync(0, "utf8")).pools.filter((pool) => pool.instances > 0);
  const selector = selectorFor(pools);
  const { deployments, selected } = look();
  raise(pools, deployments);
  // A merge patch keeps what it does not name: null takes the version out.
  if (JSON.stringify(selected) !== JSON.stringify(selector)) {
    const patch = { spec: { selector: { version: null, ...selector } } };
    kubectl(env, ["patch", "service", SERVICE, "--type=merge", "-p", JSON.stringify(patch)]);
  }
  lower(pools, deployments);
}

/** More and new instances first, ready before anything else changes; those that do not start are taken away again. */
function raise(pools, deployments) {
  const before = new Map(deployments.map((deployment) => [deployment.metadata.name, deployment]));
  const changed = pools.filter((pool) => {
    const now = before.get(deploymentName(SERVICE, pool.version));
    const image = now?.spec.template.spec.containers[0].image ?? "";
    return !now || now.spec.replicas < pool.instances || !image.endsWith(`@${pool.digest}`);
  });
  try {
    for (const pool of changed) kubectl(env, ["apply", "-f", "-"], JSON.stringify(manifestOf(process.env, pool)));
    // What gets no traffic may be unwell: it must not keep the others from getting it.
    for (const pool of pools.filter((one) => one.weightPct > 0 || changed.includes(one))) {
      kubectl(env, ["rollout", "status", `deployment/${deploymentName(SERVICE, pool.version)}`, "--timeout=5m"]);
    }
  } catch (error) {
    const said = lastLog(changed);
    for (const pool of changed) putBack(deploymentName(SERVICE, pool.version), before);
    throw new Failure(`${message(error)} ${said}`, error.retryable);
  }
}

/** As it was before; what cannot be put back is said and left, so that the first error stays the one that is read. */
function putBack(name, before) {
  try {
    const old = before.get(name);
    if (old) kubectl(env, ["apply", "-f", "-"], JSON.stringify(asItWas(old)));
    else kubectl(env, ["delete", "deployment", name, "--ignore-not-found", "--wait=false"]);
  } catch (error) {
    process.stderr.write(`${message(error)}\n`);
  }
}

function asItWas({ metadata: { name, labels }, spec: { replicas, selector, strategy, template } }) {
  const spec = { replicas, selector, strategy, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels }, spec };
}

/** What the pods that did not start said last, for whoever reads the error. */
function lastLog(pools) {
  return pools
    .map(({ version }) => {
      try {
        return kubectl(env, ["logs", "-l", `app=${SERVICE},version=${version}`, "--tail=3"]).trim();
      } catch {
        return "";
      }
    })
    .join(" ");
}

/** What is too much gets no new connections any more and ends within its grace period. */
function lower(pools, deployments) {
  const wanted = new Map(pools.map((pool) => [deploymentName(SERVICE, pool.version), pool]));
  for (const { metadata, spec } of deployments) {
    const pool = wanted.get(metadata.name);
    if (!pool) kubectl(env, ["delete", "deployment", metadata.name, "--wait=false"]);
    else if (spec.replicas > pool.instances) {
      kubectl(env, ["scale", `deployment/${metadata.name}`, `--replicas=${pool.instances}`]);
    }
  }
}

try {
  if (verb === "observe") observe();
  else apply();
} catch (error) {
  process.stderr.write(`${message(error)}\n`);
  process.exitCode = error.retryable ? 75 : 1;
}
