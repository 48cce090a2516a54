import { parse } from "yaml";
import { z } from "zod";
import { MetricsConfig } from "../../config.ts";
import contour from "./contour.yaml";
import gatewayApiIstio from "./gateway-api-istio.yaml";
import gatewayApiLinkerd from "./gateway-api-linkerd.yaml";
import gatewayApiPods from "./gateway-api-pods.yaml";
import gatewayApiTraefik from "./gateway-api-traefik.yaml";
import haproxy from "./haproxy.yaml";
import istio from "./istio.yaml";
import kubernetes from "./kubernetes.yaml";
import linkerd from "./linkerd.yaml";
import nginxIngress from "./nginx-ingress.yaml";
import traefik from "./traefik.yaml";

/** Names and labels under which a mesh, an ingress or a gateway publishes the requests of a service. */
export const Preset = z.strictObject({
  title: z.string().min(1),
  /** Where names and labels were read. */
  source: z.string().min(1),
  /** Placeholders besides {version} that `metrics.prometheus.with` fills. */
  needs: z.record(z.string(), z.string()),
  match: z.string().min(1),
  old: z.string().optional(),
  new: z.string().optional(),
  instance: z.array(z.string()).optional(),
  requests: MetricsConfig.shape.requests.unwrap(),
  latency: MetricsConfig.shape.latency.unwrap().nullable(),
});
export type Preset = z.infer<typeof Preset>;

const FILES: Readonly<Record<string, string>> = {
  istio,
  linkerd,
  "nginx-ingress": nginxIngress,
  traefik,
  haproxy,
  contour,
  kubernetes,
  "gateway-api-istio": gatewayApiIstio,
  "gateway-api-linkerd": gatewayApiLinkerd,
  "gateway-api-traefik": gatewayApiTraefik,
  "gateway-api-pods": gatewayApiPods,
};

/** Names of all presets. */
export const PRESET_NAMES: readonly string[] = Object.keys(FILES);

/** A preset by its name. */
export function presetNamed(name: string): Preset | undefined {
  const text = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  return text === undefined ? undefined : Preset.parse(parse(text));
}
