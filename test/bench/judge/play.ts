import type { Contender, Word } from "./contenders/contender.ts";

/** How one run ended for one contender. */
export interface Ending {
  readonly outcome: "FAIL" | "PASS" | "INCONCLUSIVE";
  /** Seconds since the canary began: of the FAIL, or of the first PASS that was not taken back by a FAIL. */
  readonly atSeconds: number;
  /** Times that the rollout was held and a person asked, and stages that were extended; where there are stages. */
  readonly holds?: number;
  readonly extensions?: number;
}

/** Plays the same polls to every contender, until each has failed the release or the time is over. */
export function play<World, Poll extends { readonly atSeconds: number }>(
  contenders: readonly Contender<World, Poll>[],
  world: World,
  polls: readonly Poll[],
): Ending[] {
  return contenders.map((contender) => playOne(contender, contender.open(world), polls));
}

function playOne<World, Poll extends { readonly atSeconds: number }>(
  { threeValued }: Contender<World, Poll>,
  judge: (poll: Poll, last: boolean) => Word,
  polls: readonly Poll[],
): Ending {
  let passedAt: number | undefined;
  let word: Word;
  for (const [i, poll] of polls.entries()) {
    word = judge(poll, i === polls.length - 1);
    if (word === "FAIL") return { outcome: "FAIL", atSeconds: poll.atSeconds };
    if (word === "PASS") passedAt ??= poll.atSeconds;
  }
  const atSeconds = polls.at(-1)?.atSeconds ?? 0;
  // Without a third value, everything that was not failed is a pass.
  if (!threeValued) return { outcome: "PASS", atSeconds };
  return word === "PASS"
    ? { outcome: "PASS", atSeconds: passedAt ?? atSeconds }
    : { outcome: "INCONCLUSIVE", atSeconds };
}
