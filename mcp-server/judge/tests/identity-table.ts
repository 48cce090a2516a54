/**
 * A set of identities with a few bits of state each, open addressing in a typed array: about 16 bytes per test where
 * a Map of names needs several hundred. Of the 64 bits of an identity 53 are kept (the whole first lane and the upper
 * part of the second); at one million tests any two of them collide with a chance of 6e-5 (n^2 / 2^54), and two
 * tests that do are compared as duplicates of one.
 */
export interface IdentityTable {
  /** Slot of an identity, or the complement (`~slot`) of where {@link insertAt} shall put it. */
  find(a: number, b: number): number;
  /** Puts an identity where {@link find} said; returns its slot, which stays valid until the next insertion. */
  insertAt(place: number, a: number, b: number): number;
  get(slot: number): number;
  set(slot: number, bits: number): void;
  /** Calls with the slot and the bits of every identity. */
  each(visit: (bits: number, a: number, b: number) => void): void;
  readonly size: number;
}

/** Lower bits of a slot's second word: state, and the mark of a slot in use. The upper ones are of the second lane. */
const STATE = 0x7ff;
const FILLED = 0x400;

/** Words per slot. They lie side by side, because a slot is read whole and at random. */
const WORDS = 2;

/** An empty table; `expected` identities fit without growing. */
export function openIdentityTable(expected = 1024): IdentityTable {
  let capacity = 1024;
  while (capacity * 0.7 < expected) capacity *= 2;
  let words = new Uint32Array(capacity * WORDS);
  let size = 0;

  const find = (a: number, b: number): number => {
    const mask = capacity - 1;
    const upper = b & ~STATE;
    let slot = a & mask;
    for (;;) {
      const word = words[slot * WORDS + 1] as number;
      if (word === 0) return ~slot;
      if ((word & ~STATE) === upper && words[slot * WORDS] === a) return slot;
      slot = (slot + 1) & mask;
    }
  };
  const grow = () => {
    const old = words;
    capacity *= 2;
    words = new Uint32Array(capacity * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const a = old[at] ?? 0;
      const word = old[at + 1] ?? 0;
      if (word === 0) continue;
      const slot = ~find(a, word);
      words[slot * WORDS] = a;
      words[slot * WORDS + 1] = word;
    }
  };
  return {
    find,
    insertAt: (where, a, b) => {
      let slot = ~where;
      if (size + 1 > capacity * 0.7) {
        grow();
        slot = ~find(a, b);
      }
      words[slot * WORDS] = a;
      words[slot * WORDS + 1] = (b & ~STATE) | FILLED;
      size += 1;
      return slot;
    },
    get: (slot) => (words[slot * WORDS + 1] ?? 0) & (FILLED - 1),
    set: (slot, bits) => {
      const at = slot * WORDS + 1;
      words[at] = ((words[at] ?? 0) & ~STATE) | FILLED | bits;
    },
    each: (visit) => {
      for (let at = 0; at < words.length; at += WORDS) {
        const word = words[at + 1] ?? 0;
        if (word !== 0) visit(word & (FILLED - 1), words[at] ?? 0, (word & ~STATE) >>> 0);
      }
    },
    get size() {
      return size;
    },
  };
}
