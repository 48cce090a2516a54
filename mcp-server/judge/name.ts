/**
 * Name and version of this judge, written into every verdict. Raise the number whenever the same evidence could be
 * judged differently, so that re-judging an archive can tell "another judge" from tampering.
 */
export const JUDGE = "deploy-flow-judge/7";
