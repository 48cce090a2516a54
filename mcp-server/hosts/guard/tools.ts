import { OPAQUE, type Word } from "./shell.ts";

/** What a known deployment tool would do. */
export interface Act {
  /** As people write it: `kubectl apply`. */
  readonly what: string;
  /** Contexts, clusters, workspaces or hosts that the line names; empty where it takes whatever is current. */
  readonly contexts: readonly string[];
  /** Configuration files that it names: which context is current in one, nobody knows. */
  readonly files: readonly string[];
}

/** Flags and variables that name a file with contexts, and not one of them. */
const FILE_OF_CONTEXTS = /^(?:--kubeconfig|KUBECONFIG)$/;

interface Rules {
  /** Verbs that only look. A longer one outweighs its beginning. Everything else counts as a change. */
  readonly reads: ReadonlySet<string>;
  /** Flags that take the next word. */
  readonly takes: RegExp;
  /** Flags whose value says against what it runs. */
  readonly contextFlags: RegExp;
  readonly contextVariables?: readonly string[];
  /** Flags that make a change a rehearsal. */
  readonly rehearsal?: RegExp;
}

const reads = (text: string): ReadonlySet<string> => new Set(text.split(",").map((verb) => verb.trim()));

const KUBE_TAKES =
  /^(?:-[nfsolLkvcp]|--(?:context|cluster|kubeconfig|namespace|server|user|token|as|as-group|as-uid|request-timeout|cache-dir|filename|output|selector|field-selector|certificate-authority|client-key|client-certificate|tls-server-name|profile|profile-output|v|vmodule|container|kustomize))$/;

const RULES: Record<string, Rules> = {
  kubectl: {
    reads: reads(
      "get,describe,logs,explain,top,version,api-resources,api-versions,cluster-info,diff,events,wait,completion,options,kustomize,help,port-forward,auth can-i,auth whoami,rollout status,rollout history,config view,config get-contexts,config current-context,config get-clusters,config get-users,config use-context,plugin list,argo rollouts get,argo rollouts status,argo rollouts list,argo rollouts version,argo rollouts lint,argo rollouts help,krew list,krew search,tree,neat,stern,ctx,ns",
    ),
    takes: KUBE_TAKES,
    contextFlags: /^--(?:context|cluster|server|kubeconfig)$|^-s$/,
    contextVariables: ["KUBECONFIG"],
    rehearsal: /^--dry-run(?:=(?:client|server|true))?$/,
  },
  "kubectl-argo-rollouts": {
    reads: reads("get,status,list,version,lint,help,completion"),
    takes: KUBE_TAKES,
    contextFlags: /^--(?:context|cluster|server|kubeconfig)$/,
    contextVariables: ["KUBECONFIG"],
  },
  helm: {
    reads: reads(
      "list,ls,status,get,history,hist,show,inspect,search,template,lint,version,env,verify,completion,help,pull,fetch,diff,package,repo,dependency,dep,plugin list,registry login",
    ),
    takes:
      /^(?:-[nfo]|--(?:kube-context|kubeconfig|namespace|values|set|set-string|set-file|version|output|kube-apiserver|kube-token|repository-config|registry-config|timeout|description))$/,
    contextFlags: /^--(?:kube-context|kube-apiserver|kubeconfig)$/,
    contextVariables: ["KUBECONFIG", "HELM_KUBECONTEXT"],
    rehearsal: /^--dry-run(?:=(?:client|server|true))?$/,
  },
  helmfile: {
    reads: reads("diff,list,lint,template,status,build,fetch,deps,repos,version,help,show-dag,write-values,cache"),
    takes: /^(?:-[efnlb]|--(?:environment|file|namespace|selector|kube-context|kubeconfig|state-values-file))$/,
    contextFlags: /^(?:-e|--environment|--kube-context|--kubeconfig)$/,
    contextVariables: ["HELMFILE_ENVIRONMENT", "KUBECONFIG"],
  },
  argocd: {
    reads: reads(
      "version,help,completion,context,login,relogin,account get-user-info,account list,account can-i,app get,app list,app diff,app history,app manifests,app logs,app resources,app wait,app get-resource,cluster list,cluster get,repo list,repo get,proj list,proj get,appset list,appset get,cert list",
    ),
    takes:
      /^(?:-[loN]|--(?:server|argocd-context|auth-token|config|grpc-web-root-path|kube-context|client-crt|client-crt-key|header|port-forward-namespace|output))$/,
    contextFlags: /^--(?:server|argocd-context|kube-context)$/,
    contextVariables: ["ARGOCD_SERVER"],
  },
  argo: {
    reads: reads("list,get,logs,watch,lint,version,wait,help,completion,cron list,cron get,template list,template get"),
    takes: /^(?:-[noel]|--(?:context|cluster|kubeconfig|namespace|argo-server|server))$/,
    contextFlags: /^--(?:context|cluster|server|argo-server|kubeconfig)$/,
    contextVariables: ["ARGO_SERVER", "KUBECONFIG"],
  },
  flagger: { reads: reads("help,version"), takes: /^$/, contextFlags: /^$/ },
  flux: {
    reads: reads("get,logs,events,check,stats,tree,trace,export,version,diff,build,help,completion,list,pull,envsubst"),
    takes: /^(?:-n|--(?:context|kubeconfig|namespace|timeout|cluster))$/,
    contextFlags: /^--(?:context|cluster|kubeconfig)$/,
    contextVariables: ["KUBECONFIG"],
  },
  terraform: {
    reads: reads(
      "plan,validate,fmt,show,output,version,providers,graph,init,get,console,login,logout,metadata,help,test,state list,state show,state pull,workspace list,workspace show,workspace select,modules",
    ),
    takes: /^$/,
    contextFlags: /^$/,
    contextVariables: ["TF_WORKSPACE"],
  },
  terragrunt: {
    reads: reads(
      "plan,validate,fmt,hclfmt,show,output,version,providers,graph,init,get,console,help,state list,state show,state pull,graph-dependencies,render-json,run-all plan,run-all validate,run-all output,run-all init,info,find,list",
    ),
    takes: /^--(?:terragrunt-)?(?:config|working-dir|log-level)$/,
    contextFlags: /^$/,
    contextVariables: ["TF_WORKSPACE"],
  },
  pulumi: {
    reads: reads(
      "preview,pre,stack,stack ls,stack output,stack history,config,config get,whoami,version,about,logs,help,login,plugin ls",
    ),
    takes: /^(?:-[sC]|--(?:stack|cwd|config-file))$/,
    contextFlags: /^(?:-s|--stack)$/,
    contextVariables: ["PULUMI_STACK"],
  },
};

const DOCKER_READS = reads(
  "ps,images,logs,stats,top,version,info,events,diff,port,search,history,inspect,login,logout,help,pull,build,buildx,tag,manifest,scout,save,container ls,container list,container ps,container logs,container inspect,container stats,container top,container port,container diff,image ls,image list,image inspect,image history,image build,image pull,image tag,image save,network ls,network inspect,volume ls,volume inspect,context ls,context list,context show,context inspect,system df,system info,system events,service ls,service ps,service inspect,service logs,stack ls,stack ps,stack services,stack config,node ls,node ps,node inspect,secret ls,config ls,compose ps,compose logs,compose config,compose ls,compose top,compose images,compose port,compose version,compose events,compose stats,compose build,compose pull,compose convert",
);
const DOCKER_TAKES = /^(?:-[Hcl]|--(?:host|context|config|log-level|tlscacert|tlscert|tlskey))$/;
const COMPOSE_TAKES =
  /^(?:-[fp]|--(?:file|project-name|profile|env-file|project-directory|ansi|progress|parallel|context|host))$|^-[Hc]$/;

const SAME: Record<string, string> = {
  k: "kubectl",
  oc: "kubectl",
  kubecolor: "kubectl",
  "kubectl.exe": "kubectl",
  tofu: "terraform",
  tf: "terraform",
  opentofu: "terraform",
  podman: "docker",
  nerdctl: "docker",
  "docker-compose": "docker compose",
  "podman-compose": "docker compose",
};

/** Names of the programs whose changes are recognised, for texts that only mention them. */
export const KNOWN_TOOLS: readonly string[] = [
  ...Object.keys(RULES),
  "docker",
  ...Object.keys(SAME).filter((name) => name.length > 2),
];

/** Verbs that change something, for texts that only mention them. */
export const CHANGING_VERBS: readonly string[] = [
  "apply",
  "create",
  "delete",
  "replace",
  "patch",
  "edit",
  "scale",
  "autoscale",
  "set",
  "rollout",
  "run",
  "exec",
  "expose",
  "drain",
  "cordon",
  "uncordon",
  "taint",
  "label",
  "annotate",
  "upgrade",
  "install",
  "uninstall",
  "rollback",
  "sync",
  "promote",
  "abort",
  "retry",
  "undo",
  "restart",
  "pause",
  "resume",
  "destroy",
  "import",
  "up",
  "down",
  "push",
  "submit",
  "terminate",
  "suspend",
  "reconcile",
  "deploy",
  "rm",
  "kill",
  "stop",
  "start",
  "update",
];

/** A kubectl that another program brings along: `minikube kubectl -- apply`, `microk8s.kubectl`. */
function carried(name: string, args: readonly Word[]): { name: string; args: readonly Word[] } | undefined {
  if (/^(?:minikube|k3s|microk8s|k0s|rke2)$/.test(name) && args[0]?.text === "kubectl") {
    return { name: "kubectl", args: args.slice(args[1]?.text === "--" ? 2 : 1) };
  }
  if (/\.kubectl$/.test(name)) return { name: "kubectl", args };
  return undefined;
}

/** What a program would change; undefined for one that is not known, or that only looks. */
export function changeOf(given: string, words: readonly Word[], env: ReadonlyMap<string, string>): Act | undefined {
  const { name: found, args } = carried(given, words) ?? { name: given.toLowerCase(), args: words };
  const [tool = "", before] = (SAME[found] ?? found).split(" ");
  if (tool === "docker") return dockerChange(before === "compose", args, env);
  const rules = RULES[tool];
  if (!rules) return undefined;
  const { verbs, flags } = split(args, rules.takes);
  if (isRehearsal(flags, rules)) return undefined;
  if (onlyLooks(verbs, rules.reads) || asksForHelp(flags, verbs)) return undefined;
  const said = [
    ...flags.filter(({ flag }) => rules.contextFlags.test(flag)),
    ...(rules.contextVariables ?? []).flatMap((flag) => (env.has(flag) ? [{ flag, value: env.get(flag) ?? "" }] : [])),
  ];
  const isFile = ({ flag }: Flag) => FILE_OF_CONTEXTS.test(flag);
  return {
    what: [found, ...verbs.slice(0, tool === "argocd" ? 2 : 1).map(({ text }) => shown(text))].join(" "),
    contexts: said.filter((one) => !isFile(one)).map(({ value }) => value),
    files: said.filter(isFile).map(({ value }) => value),
  };
}

/** Of a flag that is given twice the last one counts. */
function isRehearsal(flags: readonly Flag[], { rehearsal }: Rules): boolean {
  const said = flags.findLast(({ flag }) => rehearsal?.test(flag));
  return said !== undefined && rehearsal?.test(`${said.flag}${said.value === "" ? "" : `=${said.value}`}`) === true;
}

/** Docker changes this machine unless told otherwise; only other machines, and swarms, are production's. */
function dockerChange(isCompose: boolean, args: readonly Word[], env: ReadonlyMap<string, string>): Act | undefined {
  const { verbs, flags } = split(args, isCompose ? COMPOSE_TAKES : DOCKER_TAKES);
  const words = isCompose ? [{ text: "compose", isOpaque: false }, ...verbs] : verbs;
  const [first, second] = words.map(({ text }) => text);
  // `docker compose -f x up`: the flags of compose stand between.
  const rest =
    first === "compose" && !isCompose
      ? split(args.slice(args.findIndex(({ text }) => text === "compose") + 1), COMPOSE_TAKES)
      : undefined;
  const all = [...flags, ...(rest?.flags ?? [])];
  const path = rest ? [{ text: "compose", isOpaque: false }, ...rest.verbs] : words;
  if (first === "context" && second === "use") {
    return { what: "docker context use", contexts: path.slice(2).map(({ text }) => text), files: [] };
  }
  if (onlyLooks(path, DOCKER_READS) || asksForHelp(all, path)) return undefined;
  const contexts = [
    ...all.filter(({ flag }) => /^(?:-[Hc]|--host|--context)$/.test(flag)).map(({ value }) => value),
    ...["DOCKER_HOST", "DOCKER_CONTEXT"].flatMap((name) => (env.has(name) ? [env.get(name) ?? ""] : [])),
  ].filter((context) => context !== "" && context !== "default" && !context.startsWith("unix://"));
  const isSwarm = /^(?:stack|service|swarm|node)$/.test(first ?? "");
  if (contexts.length === 0 && !isSwarm) return undefined;
  return {
    what: `docker ${path
      .slice(0, 2)
      .map(({ text }) => shown(text))
      .join(" ")}`,
    contexts,
    files: [],
  };
}

interface Flag {
  readonly flag: string;
  readonly value: string;
}

function split(args: readonly Word[], takes: RegExp): { verbs: Word[]; flags: Flag[] } {
  const verbs: Word[] = [];
  const flags: Flag[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (!word) continue;
    const { text } = word;
    if (text === "--") break;
    if (!text.startsWith("-") || text === "-") {
      verbs.push(word);
      continue;
    }
    const equals = text.indexOf("=");
    if (equals > 0) flags.push({ flag: text.slice(0, equals), value: text.slice(equals + 1) });
    else if (takes.test(text)) {
      flags.push({ flag: text, value: args[at + 1]?.text ?? "" });
      at++;
    } else flags.push({ flag: text, value: "" });
  }
  return { verbs, flags };
}

function onlyLooks(verbs: readonly Word[], known: ReadonlySet<string>): boolean {
  if (verbs.length === 0) return true;
  const texts = verbs.map(({ text }) => text);
  const [first, second] = verbs;
  if (first?.isOpaque) return false;
  for (const count of [4, 3, 2, 1]) {
    const path = texts.slice(0, count).join(" ");
    if (!known.has(path)) continue;
    // `get` is a look whatever follows; `stack` is one only alone, where `stack rm` is known to be something else.
    const hasLonger = [...known].some((verb) => verb.startsWith(`${path} `));
    return !(hasLonger && second !== undefined && count === 1);
  }
  return false;
}

function asksForHelp(flags: readonly Flag[], verbs: readonly Word[]): boolean {
  return flags.some(({ flag }) => flag === "--help" || flag === "-help" || (flag === "-h" && verbs.length < 3));
}

function shown(text: string): string {
  return text.replaceAll(OPAQUE, "…");
}
