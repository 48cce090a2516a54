/** Not enough of something in stock. */
export class OutOfStock extends Error {
  constructor(sku) {
    super(`not enough of ${sku} in stock`);
    this.status = 409;
  }
}

/** Stock in memory. `stock` maps product numbers to pieces; a number that is not in it has none. */
export function createInventory(stock) {
  const pieces = new Map(Object.entries(stock));
  return {
    /** Pieces in stock of each number. */
    async available(skus) {
      return skus.map((sku) => pieces.get(sku) ?? 0);
    },
    /** Takes all lines of a basket out of stock, or none and throws OutOfStock. */
    async reserve(lines) {
      const wanted = new Map();
      for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
      for (const [sku, quantity] of wanted) {
        if ((pieces.get(sku) ?? 0) < quantity) throw new OutOfStock(sku);
      }
      for (const [sku, quantity] of wanted) pieces.set(sku, (pieces.get(sku) ?? 0) - quantity);
    },
    /** Puts lines of a cancelled basket back. */
    async putBack(lines) {
      for (const { sku, quantity } of lines) pieces.set(sku, (pieces.get(sku) ?? 0) + quantity);
    },
  };
}
