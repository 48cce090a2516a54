import { request } from "node:http";
import { type Ended, run } from "../hosts/process.ts";
import { copyExample } from "../target/example-world.ts";
import { composeFronts, type Fronts, kubernetesFronts } from "./platform-fronts.ts";
import type { ShopBehaviour } from "./platform-shop.ts";
import { type Edit, editConfig } from "./world.ts";

/** A copy of an example on its imitated platform, with users who never stop asking. */
export interface PlatformWorld {
  readonly root: string;
  /** The program, as somebody types it in the folder of the example. */
  deploy(...words: string[]): Promise<Ended>;
  publish(version: string, behaviour?: ShopBehaviour): void;
  /** Versions that users meet in production, by asking often. */
  serving(): Promise<string[]>;
  edit(edits: readonly Edit[]): void;
  close(): void;
}

const FRONTS = { kubernetes: kubernetesFronts, compose: composeFronts };

/** Makes the world of an example; `edits` are made to its own deploy.yaml. */
export async function makePlatformWorld(
  example: keyof typeof FRONTS,
  o: { edits: (fronts: Fronts) => readonly Edit[]; usersPerSecond: number },
): Promise<PlatformWorld> {
  const copy = copyExample(example);
  const fronts = await FRONTS[example](copy.state);
  editConfig(copy.root, o.edits(fronts));
  const users = setInterval(() => visit(fronts.entries.production), 1_000 / o.usersPerSecond);
  const deploy = (...words: string[]) => run(copy.root, words, { env: copy.env });
  return {
    root: copy.root,
    deploy,
    publish: copy.publish,
    edit: (edits) => editConfig(copy.root, edits),
    serving: async () => {
      const met = new Set<string>();
      for (let asked = 0; asked < 30; asked += 1) {
        const answer = await fetch(`http://127.0.0.1:${fronts.entries.production}/version`, FRESH);
        met.add(((await answer.json()) as { version: string }).version);
      }
      return [...met].sort();
    },
    close: () => {
      clearInterval(users);
      fronts.close();
      copy.remove();
    },
  };
}

const FRESH = { headers: { connection: "close" } };
const PAGES = ["/", "/search?q=tea"];
let visits = 0;

/** One user, who opens a connection of their own. */
function visit(port: number): void {
  const path = PAGES[visits++ % PAGES.length] ?? "/";
  const asked = request({ port, host: "127.0.0.1", path, agent: false }, (response) => void response.resume());
  asked.on("error", () => {}); // before the first deployment nobody is there
  asked.end();
}
