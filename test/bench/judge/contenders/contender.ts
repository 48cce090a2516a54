/** What a contender says after a poll: stop this release, or (where it can say so) it is proven for now, or nothing yet. */
export type Word = "FAIL" | "PASS" | undefined;

/** One way of judging a release. `open` is called once a run with what is known before the canary. */
export interface Contender<World, Poll> {
  readonly name: string;
  /** It can end without a verdict. The others call everything a pass that they did not fail. */
  readonly threeValued: boolean;
  open(world: World): (poll: Poll, last: boolean) => Word;
}
