/** FNV-1a, 32 bits: the same name gives the same number everywhere and for ever. */
function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Divides what single instances did into two halves of equal size, in the order of a stable hash of their names: the
 * same instances always fall the same way, and nothing that was measured has a say. Undefined for fewer than two.
 */
export function halvesOf<T extends { readonly name: string }>(instances: readonly T[]): [T[], T[]] | undefined {
  if (instances.length < 2) return undefined;
  const ordered = instances
    .map((one) => ({ one, hash: stableHash(one.name) }))
    .sort((a, b) => a.hash - b.hash || (a.one.name < b.one.name ? -1 : 1));
  const half = (parity: number) => ordered.filter((_, index) => index % 2 === parity).map(({ one }) => one);
  return [half(0), half(1)];
}
