import { createPool } from "./pool.mjs";

const QUERY_MS = 6;
const AUDIT_MS = 500;

/** Not enough of something in stock. */
export class OutOfStock extends Error {
  constructor(sku) {
    super(`not enough of ${sku} in stock`);
    this.status = 409;
  }
}

/** Stock in a database. New in 2.2.0: every access is written to an audit log. */
export function createInventory(stock, pace = { wait: async () => {} }) {
  const pieces = new Map(Object.entries(stock));
  const pool = createPool();

  // The answer does not wait for the audit log, but the connection does: half a second per request. With little traffic
  // nobody notices; with more than six requests per second the pool runs dry.
  async function withConnection(query) {
    await pool.acquire();
    try {
      await pace.wait(QUERY_MS);
      return query();
    } finally {
      pace.wait(AUDIT_MS).then(pool.release);
    }
  }

  return {
    /** Pieces in stock of each number. */
    available: (skus) => withConnection(() => skus.map((sku) => pieces.get(sku) ?? 0)),
    /** Takes all lines of a basket out of stock, or none and throws OutOfStock. */
    reserve: (lines) =>
      withConnection(() => {
        const wanted = new Map();
        for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
        for (const [sku, quantity] of wanted) {
          if ((pieces.get(sku) ?? 0) < quantity) throw new OutOfStock(sku);
        }
        for (const [sku, quantity] of wanted) pieces.set(sku, (pieces.get(sku) ?? 0) - quantity);
      }),
    /** Puts lines of a cancelled basket back. */
    putBack: (lines) =>
      withConnection(() => {
        for (const { sku, quantity } of lines) pieces.set(sku, (pieces.get(sku) ?? 0) + quantity);
      }),
  };
}
