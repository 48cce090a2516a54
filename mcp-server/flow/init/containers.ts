import { parseAllDocuments, parseDocument } from "yaml";
import { z } from "zod";
import { messageOf } from "../../vocab/index.ts";
import type { KubernetesService, Piece } from "./findings.ts";
import { plainWords } from "./package-json.ts";

/** What a Dockerfile says of start, port and health. */
export function fromDockerfile(text: string, file: string): Piece {
  const lines = text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/);
  const last = (instruction: string) => {
    const found = lines.filter((line) => new RegExp(`^\\s*${instruction}\\s`, "i").test(line)).at(-1);
    return found?.trim().slice(instruction.length).trim();
  };
  const start = execForm(last("ENTRYPOINT"), last("CMD"));
  const port = /^(\d+)/.exec(last("EXPOSE") ?? "")?.[1];
  const health = healthPathIn(last("HEALTHCHECK") ?? "");
  return {
    ...(start === undefined ? {} : { start: { value: start, from: `${file} CMD` } }),
    ...(port === undefined ? {} : { containerPort: { value: Number(port), from: `${file} EXPOSE` } }),
    ...(health === undefined ? {} : { healthPath: { value: health, from: `${file} HEALTHCHECK` } }),
  };
}

function execForm(entrypoint: string | undefined, cmd: string | undefined): readonly string[] | undefined {
  const words = [...(wordsOf(entrypoint) ?? []), ...(wordsOf(cmd) ?? [])];
  return words.length > 0 ? words : undefined;
}

function wordsOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (!text.startsWith("[")) return plainWords(text);
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The path in a check such as `curl -f http://127.0.0.1:3000/healthz`. */
export function healthPathIn(command: string): string | undefined {
  return /https?:\/\/[^/\s"']+(\/[\w./-]*)/.exec(command)?.[1];
}

const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      build: z.unknown().optional(),
      image: z.string().optional(),
      command: z.union([z.string(), z.array(z.string())]).nullish(),
      healthcheck: z.object({ test: z.union([z.string(), z.array(z.string())]).optional() }).optional(),
    }),
  ),
});

/** What a compose file says of the one service that is built from this project. */
export function fromCompose(text: string, file: string): Piece {
  const parsed = Compose.safeParse(plain(text));
  if (!parsed.success) return { notes: [`${file} was not understood, so nothing was taken from it`] };
  const built = Object.entries(parsed.data.services).filter(([, service]) => service.build !== undefined);
  const [only, ...others] = built;
  if (!only) return { notes: [`${file} builds no service from this project`] };
  if (others.length > 0) {
    return { notes: [`${file} builds ${built.map(([name]) => name).join(", ")}: one deploy.yaml is for one of them`] };
  }
  const [name, { command, healthcheck }] = only;
  const words = typeof command === "string" ? plainWords(command) : (command ?? undefined);
  const health = healthPathIn([healthcheck?.test ?? []].flat().join(" "));
  return {
    ...(words === undefined ? {} : { start: { value: words, from: `${file} services.${name}.command` } }),
    ...(health === undefined ? {} : { healthPath: { value: health, from: `${file} services.${name}.healthcheck` } }),
    notes: [
      `${file} runs ${name}: where compose is your production, docs/targets.md says how commands of your own reach it`,
    ],
  };
}

function plain(text: string): unknown {
  try {
    return parseDocument(text).toJS();
  } catch {
    return undefined;
  }
}

const Deployment = z.object({
  kind: z.literal("Deployment"),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.number().int().positive().optional(),
    template: z.object({
      metadata: z
        .object({
          labels: z.record(z.string(), z.string()).default({}),
          annotations: z.record(z.string(), z.string()).default({}),
        })
        .prefault({}),
      spec: z.object({
        containers: z
          .array(
            z.object({
              image: z.string().optional(),
              ports: z.array(z.object({ containerPort: z.number() })).default([]),
              readinessProbe: z.object({ httpGet: z.object({ path: z.string() }).optional() }).optional(),
              livenessProbe: z.object({ httpGet: z.object({ path: z.string() }).optional() }).optional(),
            }),
          )
          .min(1),
      }),
    }),
  }),
});
type Deployment = z.infer<typeof Deployment>;

/** What Kubernetes manifests say; nothing where they hold no Deployment. */
export function fromManifests(text: string, file: string): Piece {
  let documents: unknown[];
  try {
    documents = [parseAllDocuments(text)].flat().map((document) => ("toJS" in document ? document.toJS() : undefined));
  } catch (error) {
    return { notes: [`${file} cannot be read: ${messageOf(error)}`] };
  }
  const deployments = documents.flatMap((document) => Deployment.safeParse(document).data ?? []);
  const [only, second] = deployments;
  if (!only) return {};
  if (second) return { notes: [`${file} holds several Deployments: one deploy.yaml is for one of them`] };
  const service = serviceOf(only);
  const annotations = only.spec.template.metadata.annotations;
  const metricsPath =
    annotations["prometheus.io/path"] ?? (annotations["prometheus.io/scrape"] === "true" ? "/metrics" : undefined);
  return {
    kubernetes: { value: service, from: `${file} Deployment ${service.name}` },
    ...(service.healthPath === undefined
      ? {}
      : { healthPath: { value: service.healthPath, from: `${file} readiness probe of ${service.name}` } }),
    ...(metricsPath === undefined
      ? {}
      : { metricsPath: { value: metricsPath, from: `${file} annotation prometheus.io` } }),
  };
}

function serviceOf({ metadata, spec }: Deployment): KubernetesService {
  const { labels } = spec.template.metadata;
  const container = spec.template.spec.containers[0];
  const port = container?.ports[0]?.containerPort;
  const healthPath = container?.readinessProbe?.httpGet?.path ?? container?.livenessProbe?.httpGet?.path;
  return {
    name: metadata.name,
    ...(container?.image === undefined ? {} : { image: withoutTag(container.image) }),
    ...(port === undefined ? {} : { port }),
    ...(spec.replicas === undefined ? {} : { replicas: spec.replicas }),
    ...(healthPath === undefined ? {} : { healthPath }),
    isVersioned: labels.app !== undefined && labels.version !== undefined,
  };
}

/** `registry.example.com:5000/shop:1.2` without its tag or digest. */
function withoutTag(image: string): string {
  return image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}
