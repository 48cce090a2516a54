/**
 * A set of 64-bit identities with a few bits of state each, open addressing in typed arrays: about 20 bytes per test
 * where a Map of names needs several hundred.
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

const FILLED = 0x8000;

/** Words per slot: both lanes and the bits lie side by side, because a slot is read whole and at random. */
const WORDS = 3;

/** An empty table; `expected` identities fit without growing. */
export function openIdentityTable(expected = 1024): IdentityTable {
  let capacity = 1024;
  while (capacity * 0.7 < expected) capacity *= 2;
  let words = new Uint32Array(capacity * WORDS);
  let size = 0;

  const find = (a: number, b: number): number => {
    const mask = capacity - 1;
    let slot = a & mask;
    for (;;) {
      const at = slot * WORDS;
      if (words[at + 2] === 0) return ~slot;
      if (words[at] === a && words[at + 1] === b) return slot;
      slot = (slot + 1) & mask;
    }
  };
  const place = (slot: number, a: number, b: number, bits: number) => {
    const at = slot * WORDS;
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = bits;
  };
  const grow = () => {
    const old = words;
    capacity *= 2;
    words = new Uint32Array(capacity * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const a = old[at] ?? 0;
      const b = old[at + 1] ?? 0;
      const bits = old[at + 2] ?? 0;
      if (bits !== 0) place(~find(a, b), a, b, bits);
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
      place(slot, a, b, FILLED);
      size += 1;
      return slot;
    },
    get: (slot) => (words[slot * WORDS + 2] ?? 0) & ~FILLED,
    set: (slot, bits) => {
      words[slot * WORDS + 2] = bits | FILLED;
    },
    each: (visit) => {
      for (let at = 0; at < words.length; at += WORDS) {
        const bits = words[at + 2] ?? 0;
        if (bits !== 0) visit(bits & ~FILLED, words[at] ?? 0, words[at + 1] ?? 0);
      }
    },
    get size() {
      return size;
    },
  };
}
