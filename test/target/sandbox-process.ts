import { realPorts } from "../../mcp-server/ports/index.ts";
import { openSandbox, runSandboxDaemon, SandboxConfig } from "../../mcp-server/target/index.ts";
import { Env, Fence, Pool } from "../../mcp-server/vocab/index.ts";

// Bundled by the tests: `daemon ROOT CONFIG` is the daemon, `apply ROOT CONFIG ENV POOLS FENCE` a client process.
const [, self = "", mode, root = "", configJson = "", env, poolsJson = "", fenceJson = ""] = process.argv;
const config = SandboxConfig.parse(JSON.parse(configJson));

if (mode === "daemon") {
  const stop = new AbortController();
  process.on("SIGTERM", () => stop.abort());
  await runSandboxDaemon({ root, config, ports: realPorts(), signal: stop.signal });
  process.exit(0);
}
const target = openSandbox({
  root,
  config,
  ports: realPorts(),
  daemonArgv: [process.execPath, self, "daemon", root, configJson],
});
const live = await target.apply(
  Env.parse(env),
  Pool.array().parse(JSON.parse(poolsJson)),
  Fence.parse(JSON.parse(fenceJson)),
  new AbortController().signal,
);
process.stdout.write(JSON.stringify(live));
process.exit(0);
