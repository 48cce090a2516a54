import { fillPlaceholders } from "../../evidence/placeholders.ts";
import { allowEnv, BASE_ENV, type Exec, type Http } from "../../ports/index.ts";
import { redact } from "../../record/redact.ts";
import { durationMs, messageOf } from "../../vocab/index.ts";
import type { PLACEHOLDERS, Receiver } from "./config.ts";
import type { Message } from "./message.ts";

export interface SendPorts {
  readonly exec: Exec;
  readonly http: Http;
  /** Variables of the runner. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that commands start in. */
  readonly cwd: string;
}

const CAP_BYTES = 4 * 1024;

/** Sends one message once. Undefined when it was taken; else what went wrong, without secrets. Never rejects. */
export async function send(ports: SendPorts, receiver: Receiver, message: Message): Promise<string | undefined> {
  try {
    return await ("command" in receiver ? byCommand(ports, receiver, message) : byWebhook(ports, receiver, message));
  } catch (error) {
    // The address itself can be the secret of a webhook.
    return redact(withoutSecrets(messageOf(error), ports, receiver), 200);
  }
}

async function byCommand(ports: SendPorts, receiver: Extract<Receiver, { command: string[] }>, message: Message) {
  const { kind, service, version, runId, outcome } = message;
  const values: Record<(typeof PLACEHOLDERS)[number], string> = {
    kind,
    service,
    version,
    run: runId,
    outcome: outcome ?? "none",
  };
  const argv = receiver.command.map((part) => fillPlaceholders(part, values, "notify.command"));
  const exit = await ports.exec.run(argv, {
    cwd: ports.cwd,
    env: allowEnv([...BASE_ENV, ...receiver.passEnv], ports.env as NodeJS.ProcessEnv),
    stdin: `${JSON.stringify(message)}\n`,
    timeoutMs: durationMs(receiver.timeout),
    outputCapBytes: CAP_BYTES,
  });
  if (exit.code === 0) return undefined;
  const how = exit.timedOut ? `did not end within ${receiver.timeout}` : `ended with ${exit.code ?? exit.killedBy}`;
  return `the command ${how}: ${redact(withoutSecrets(exit.stderr.slice(-200).trim(), ports, receiver), 200)}`;
}

async function byWebhook(ports: SendPorts, receiver: Exclude<Receiver, { command: string[] }>, message: Message) {
  const url = receiver.webhook ?? variableOf(ports, receiver.webhookFrom);
  if (url === undefined) return `the variable ${receiver.webhookFrom ?? ""} holds no address`;
  const headers: Record<string, string> = { "content-type": "application/json" };
  for (const [name, variable] of Object.entries(receiver.headersFrom)) {
    const value = variableOf(ports, variable);
    if (value === undefined) return `the variable ${variable} is not set`;
    headers[name.toLowerCase()] = value;
  }
  const timeoutMs = durationMs(receiver.timeout);
  const body = JSON.stringify(message);
  const { status } = await ports.http.send({ url, method: "POST", headers, body, timeoutMs, maxBytes: 64 * 1024 });
  return status >= 200 && status < 300 ? undefined : `answered with ${status}`;
}

function variableOf(ports: SendPorts, variable: string | undefined): string | undefined {
  return (variable === undefined ? undefined : ports.env[variable]) || undefined;
}

function withoutSecrets(text: string, ports: SendPorts, receiver: Receiver): string {
  const names =
    "command" in receiver ? receiver.passEnv : [receiver.webhookFrom, ...Object.values(receiver.headersFrom)];
  let shown = text;
  for (const name of names) {
    const value = variableOf(ports, name);
    if (name !== undefined && value !== undefined && value.length >= 4) shown = shown.replaceAll(value, `{${name}}`);
  }
  return shown;
}
