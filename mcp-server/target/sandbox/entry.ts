import { messageOf } from "../../vocab/index.ts";
import { TargetError } from "../target.ts";
import type { EnvironmentOptions } from "./environment.ts";
import { type EntryProxy, openProxy } from "./proxy.ts";

const PORT_PATIENCE_MS = 2_000;

/** Opens the proxy of an environment on its configured port, else on the one it had before, else on any free one. */
export async function openEntry(o: EnvironmentOptions): Promise<EntryProxy> {
  const configured = o.config.environments[o.env]?.port ?? 0;
  const before = o.state.read().environments[o.env];
  const wanted = configured === 0 ? (before?.port ?? 0) : configured;
  const proxy = (await openPatiently(o, wanted)) ?? (await openAnyOther(o, configured));
  if (before?.port !== proxy.port) {
    const entry = { pools: [], config: o.config, migrations: [], ...before, port: proxy.port };
    o.state.update((all) => ({ ...all, environments: { ...all.environments, [o.env]: entry } }));
  }
  return proxy;
}

/** A predecessor may be about to let the port go. */
async function openPatiently(o: EnvironmentOptions, port: number): Promise<EntryProxy | undefined> {
  const until = o.ports.clock.mono() + PORT_PATIENCE_MS;
  for (;;) {
    try {
      return await openProxy(o.ports, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw entryError(o, port, messageOf(error));
      if (o.ports.clock.mono() > until) return undefined;
      await o.ports.clock.sleep(100);
    }
  }
}

function openAnyOther(o: EnvironmentOptions, configured: number): Promise<EntryProxy> {
  if (configured !== 0) throw entryError(o, configured, "it is taken by another program");
  return openProxy(o.ports, 0);
}

function entryError(o: EnvironmentOptions, port: number, why: string): TargetError {
  return new TargetError(`the proxy of ${o.env} cannot listen on port ${port}: ${why}`, {
    retryable: true,
    next: `free the port, or change target.environments.${o.env}.port in deploy.yaml`,
  });
}
