import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { docker, Failure, lines } from "./docker.mjs";

const LOADED_WITHIN_MS = 10_000;

/** The proxy of an environment: a compose project with one nginx, whose file of weights lies in proxy/ENV. */
export function proxyOf({ SERVICE, PORT }, env) {
  const project = `${SERVICE}-${env}-proxy`;
  const folder = join(import.meta.dirname, "proxy", env);
  const file = join(folder, "default.conf");
  const running = () =>
    lines(docker(["ps", "--quiet", "--no-trunc", "--filter", `label=com.docker.compose.project=${project}`]))[0];
  /** Asked of nginx itself: what it has loaded, not what was written for it. */
  const weightsIn = (id) => JSON.parse(docker(["exec", id, "wget", "-q", "-O", "-", "http://127.0.0.1:8081/pools"]));
  const write = (text) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  return {
    /** Percent of the requests by compose project; nothing where no proxy runs. */
    weights: () => {
      const id = running();
      return id === undefined ? {} : weightsIn(id);
    },
    /** Starts it, with its network, where it does not run. */
    start: () => {
      if (!existsSync(file)) write(configOf([], PORT));
      const port = process.env[`ENTRY_PORT_${env.toUpperCase()}`];
      const compose = ["compose", "--project-name", project, "--file", join(import.meta.dirname, "proxy.yaml")];
      docker([...compose, "up", "--detach", "--wait"], { DEPLOY_ENV: env, ENTRY_PORT: port });
    },
    /** Changes the weights and returns once nginx answers with them. */
    load: async (pools) => {
      const id = running();
      if (id === undefined) throw new Failure(`the proxy ${project} does not run`, true);
      const before = readFileSync(file, "utf8");
      const after = configOf(pools, PORT);
      if (after === before && same(weightsIn(id), pools)) return;
      write(after);
      try {
        docker(["exec", id, "nginx", "-t", "-q"]);
        docker(["exec", id, "nginx", "-s", "reload"]);
      } catch (error) {
        write(before);
        throw error;
      }
      for (const until = Date.now() + LOADED_WITHIN_MS; !same(weightsIn(id), pools); ) {
        if (Date.now() > until) throw new Failure("nginx did not load the new weights", true);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

const weightsOf = (pools) => Object.fromEntries(pools.map(({ project, weightPct }) => [project, weightPct]));
const same = (weights, pools) => JSON.stringify(weights) === JSON.stringify(weightsOf(pools));

/** The file of nginx for pools of `{project, weightPct, hosts}`. Every request gets its pool by a draw of its own. */
export function configOf(pools, port) {
  const serving = pools.filter(({ weightPct }) => weightPct > 0);
  const [last, ...others] = [...serving].reverse();
  const upstreams = serving.map(
    ({ project, hosts }) => `upstream ${project} {\n${hosts.map((host) => `  server ${host}:${port};\n`).join("")}}\n`,
  );
  const shares = others.map(({ project, weightPct }) => `  ${weightPct.toFixed(2)}% ${project};\n`);
  const draw = last ? `split_clients "$request_id" $pool {\n${shares.join("")}  * ${last.project};\n}\n` : "";
  const pass = last
    ? "proxy_pass http://$pool; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    : "return 503;";
  return `${upstreams.join("")}${draw}server {
  listen 8080;
  location / { ${pass} }
}
server {
  listen 127.0.0.1:8081;
  location = /pools { default_type application/json; return 200 '${JSON.stringify(weightsOf(pools))}'; }
}
`;
}
