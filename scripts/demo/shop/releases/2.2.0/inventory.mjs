import { createPool } from "./pool.mjs";

const QUERY_MS = 6;
const AUDIT_MS = 3000;

/** Not enough of something in stock. */
export class OutOfStock extends Error {
  constructor(sku) {
    super(`not enough of ${sku} in stock`);
    this.status = 409;
  }
}

/** Stock in a database. New in 2.2.0: every change of stock is written to an audit log. */
export function createInventory(stock, pace = { wait: async () => {} }) {
  const pieces = new Map(Object.entries(stock));
  const pool = createPool();

  async function withConnection(query, afterwardsMs = 0) {
    await pool.acquire();
    try {
      await pace.wait(QUERY_MS);
      return query();
    } finally {
      if (afterwardsMs === 0) pool.release();
      else pace.wait(afterwardsMs).then(pool.release);
    }
  }

  // The answer does not wait for the audit log, but the connection does. Nobody notices where only few orders come in;
  // with more than one a second the pool runs dry, and everything that asks for stock waits or is turned away.
  const withAudit = (change) => withConnection(change, AUDIT_MS);

  return {
    /** Pieces in stock of each number. */
    available: (skus) => withConnection(() => skus.map((sku) => pieces.get(sku) ?? 0)),
    /** Takes all lines of a basket out of stock, or none and throws OutOfStock. */
    reserve: (lines) =>
      withAudit(() => {
        const wanted = new Map();
        for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
        for (const [sku, quantity] of wanted) {
          if ((pieces.get(sku) ?? 0) < quantity) throw new OutOfStock(sku);
        }
        for (const [sku, quantity] of wanted) pieces.set(sku, (pieces.get(sku) ?? 0) - quantity);
      }),
    /** Puts lines of a cancelled basket back. */
    putBack: (lines) =>
      withAudit(() => {
        for (const { sku, quantity } of lines) pieces.set(sku, (pieces.get(sku) ?? 0) + quantity);
      }),
  };
}
