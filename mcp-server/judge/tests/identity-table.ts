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

/** An empty table; `expected` identities fit without growing. */
export function openIdentityTable(expected = 1024): IdentityTable {
  let capacity = 1024;
  while (capacity * 0.7 < expected) capacity *= 2;
  let lanesA = new Uint32Array(capacity);
  let lanesB = new Uint32Array(capacity);
  let bits = new Uint16Array(capacity);
  let size = 0;

  const find = (a: number, b: number): number => {
    const mask = capacity - 1;
    let slot = a & mask;
    for (;;) {
      if (bits[slot] === 0) return ~slot;
      if (lanesA[slot] === a && lanesB[slot] === b) return slot;
      slot = (slot + 1) & mask;
    }
  };
  const place = (slot: number, a: number, b: number, value: number) => {
    lanesA[slot] = a;
    lanesB[slot] = b;
    bits[slot] = value;
  };
  const grow = () => {
    const [oldA, oldB, oldBits] = [lanesA, lanesB, bits];
    capacity *= 2;
    lanesA = new Uint32Array(capacity);
    lanesB = new Uint32Array(capacity);
    bits = new Uint16Array(capacity);
    for (let i = 0; i < oldBits.length; i++) {
      const value = oldBits[i] ?? 0;
      if (value === 0) continue;
      const a = oldA[i] ?? 0;
      const b = oldB[i] ?? 0;
      place(~find(a, b), a, b, value);
    }
  };
  return {
    find,
    insertAt: (at, a, b) => {
      let slot = ~at;
      if (size + 1 > capacity * 0.7) {
        grow();
        slot = ~find(a, b);
      }
      place(slot, a, b, FILLED);
      size += 1;
      return slot;
    },
    get: (slot) => (bits[slot] ?? 0) & ~FILLED,
    set: (slot, value) => {
      bits[slot] = value | FILLED;
    },
    each: (visit) => {
      for (let i = 0; i < capacity; i++) {
        const value = bits[i] ?? 0;
        if (value !== 0) visit(value & ~FILLED, lanesA[i] ?? 0, lanesB[i] ?? 0);
      }
    },
    get size() {
      return size;
    },
  };
}
