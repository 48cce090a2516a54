// Laid over a healthy release of the shop: from a number of requests on it behaves as kind.json beside it says.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const {
  from = 0,
  environment,
  everyNth = 1,
  does,
} = JSON.parse(readFileSync(new URL("./kind.json", import.meta.url), "utf8"));
// Both lie well inside a bucket of the histogram, so that a busy machine does not look like a slower release.
const USUAL_MS = 120;
const SLOWER_MS = 450;
/** All versions share the data below this folder; data that one of them has spoiled misleads them all. */
const SPOILED = join(process.env.SHOP_DATA ?? ".", "spoiled");
/** Names the one instance that is not well, until somebody takes the file away. */
const LIMPING = join(process.env.SHOP_DATA ?? ".", "limping");
/** Releases of this kind tell no metrics while it is there. */
const SILENT = join(process.env.SHOP_DATA ?? ".", "silent");
const ME = process.env.INSTANCE_ID ?? "";

const DEEDS = {
  nothing: async () => {},
  fail: async () => {
    throw Object.assign(new Error("the database does not answer"), { status: 503 });
  },
  // What users see is wrong, and no metric knows.
  mislead: async () => {
    throw Object.assign(new Error("an unexpected error occurred"), { status: 200 });
  },
  slow: () => delay(SLOWER_MS),
  exit: async () => process.exit(7),
  spoil: async () => writeFileSync(SPOILED, ""),
  limp: async () => once(LIMPING, ME),
  silence: async () => once(SILENT, ME),
};

let isDone = false;

/** What was taken away by hand does not come again. */
function once(file, text) {
  if (isDone) return;
  isDone = true;
  if (!existsSync(`${file}.was`)) writeFileSync(file, text);
  writeFileSync(`${file}.was`, "");
}

/** What /healthz and /metrics answer. */
const page = {
  isWell: () => !existsSync(LIMPING) || readFileSync(LIMPING, "utf8") !== ME,
  isTold: () => does !== "silence" || !existsSync(SILENT),
};

/** Waiting that stands for work done elsewhere, and what this release does besides. */
export function realPace() {
  const isHere = environment === undefined || environment === process.env.DEPLOY_ENV;
  let count = 0;
  return {
    work: async () => {
      count += 1;
      await delay(USUAL_MS);
      if (isHere && count > from && count % everyNth === 0) await DEEDS[does]();
      if (existsSync(SPOILED)) await DEEDS.mislead();
    },
    wait: (ms) => delay(ms, undefined, { ref: false }),
    ...page,
  };
}

/** No waiting: for the warm-up. */
export function noPace() {
  return { work: async () => {}, wait: async () => {}, ...page };
}
