// observe and apply for docker compose. Each pool is a compose project of its own, named after version and digest; one
// nginx per environment draws a pool for every request, by weights that apply writes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { containersOf, instanceOf, isKept, poolsOf, projectOf, repoDigests } from "./containers.mjs";
import { docker, Failure, message } from "./docker.mjs";
import { proxyOf } from "./proxy.mjs";

const { SERVICE = "", PORT = "8080" } = process.env;
const [verb, env] = process.argv.slice(2);
const proxy = proxyOf(process.env, env);
const look = () => containersOf(SERVICE, env);
const idsOf = (containers) => containers.map(({ Id }) => Id);

function observe() {
  const containers = look();
  const digests = repoDigests(containers);
  const answer = {
    entryUrl: process.env[`ENTRY_URL_${env.toUpperCase()}`],
    pools: poolsOf(containers, digests, proxy.weights()),
    instances: containers.map((one) => instanceOf(one, digests, { network: `${SERVICE}-${env}`, port: PORT })),
  };
  process.stdout.write(JSON.stringify(answer));
}

/** Names of projects are lower case and know no dots; a version that would lose its identity is refused. */
function projectFor({ version, digest }) {
  if (!/^[a-z0-9.-]{1,40}$/.test(version)) throw new Failure(`version ${version} cannot name a compose project`);
  return `${SERVICE}-${env}-${version.replaceAll(".", "-")}-${digest.slice(7, 19)}`;
}

async function apply() {
  const asked = JSON.parse(readFileSync(0, "utf8")).pools.filter((pool) => pool.instances > 0);
  const pools = asked.map((pool) => ({ ...pool, project: projectFor(pool) }));
  proxy.start();
  const before = look();
  for (const pool of pools) raise(pool, before);
  const now = look();
  const kept = new Map(pools.map((pool) => [pool.project, ofProject(now, pool.project).slice(0, pool.instances)]));
  await proxy.load(
    pools.map(({ project, weightPct }) => ({
      project,
      weightPct,
      hosts: kept.get(project).map(({ Name }) => Name.replace("/", "")),
    })),
  );
  lower(now, new Set(idsOf([...kept.values()].flat())));
}

const ofProject = (containers, project) => containers.filter((one) => isKept(one) && projectOf(one) === project);

/** More and new instances first, ready before any weight changes; those that do not start are taken away again. */
function raise(pool, before) {
  const there = ofProject(before, pool.project);
  const ready = there.filter(({ State }) => State.Health?.Status === "healthy");
  // What gets no request may be unwell: it must not keep the traffic from moving to the others.
  if (there.length >= pool.instances && (pool.weightPct === 0 || ready.length >= pool.instances)) return;
  const compose = ["compose", "--project-name", pool.project, "--file", join(import.meta.dirname, "app.yaml")];
  const variables = { DEPLOY_ENV: env, VERSION: pool.version, DIGEST: pool.digest };
  const count = Math.max(pool.instances, there.length);
  const wait = ["--wait", "--wait-timeout", "240"];
  try {
    docker([...compose, "up", "--detach", ...wait, "--no-recreate", "--scale", `app=${count}`], variables);
  } catch (error) {
    const said = attempt(() => docker([...compose, "logs", "--no-color", "--no-log-prefix", "--tail", "3"], variables));
    attempt(() => remove(idsOf(look()).filter((id) => !idsOf(before).includes(id)), "--force"));
    throw new Failure(`${message(error)} ${said.trim()}`, error.retryable);
  }
}

/** What is too much gets no new requests any more, and ends within the stop_grace_period of app.yaml. */
function lower(containers, kept) {
  const ids = idsOf(containers).filter((id) => !kept.has(id));
  if (ids.length === 0) return;
  docker(["stop", ...ids]);
  remove(ids);
}

function remove(ids, ...options) {
  if (ids.length > 0) docker(["rm", ...options, ...ids]);
}

/** What goes wrong here is said, and the first error stays the one that is read. */
function attempt(work) {
  try {
    return work() ?? "";
  } catch (error) {
    process.stderr.write(`${message(error)}\n`);
    return "";
  }
}

try {
  if (verb === "observe") observe();
  else await apply();
} catch (error) {
  process.stderr.write(`${message(error)}\n`);
  process.exitCode = error.retryable ? 75 : 1;
}
