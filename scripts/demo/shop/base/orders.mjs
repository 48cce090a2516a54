import { findProduct } from "./catalogue.mjs";
import { basketTotals } from "./pricing.mjs";

const MOST_LINES = 20;
const MOST_PIECES = 99;

/** A basket that cannot be ordered. */
export class BadBasket extends Error {
  constructor(message) {
    super(message);
    this.status = 422;
  }
}

/** The lines of a basket as the customer sent it, checked. */
export function readBasket(body) {
  const items = body?.items;
  if (!Array.isArray(items) || items.length === 0) throw new BadBasket("the basket is empty");
  if (items.length > MOST_LINES) throw new BadBasket(`more than ${MOST_LINES} lines`);
  return items.map((item) => {
    const product = findProduct(item?.sku);
    const quantity = item?.quantity ?? 1;
    if (product === undefined) throw new BadBasket("an unknown product");
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > MOST_PIECES) throw new BadBasket("a bad quantity");
    return { product, quantity };
  });
}

/** Orders of one instance: checks the basket, takes it out of stock, gives it a number. */
export function createOrders(inventory) {
  let placed = 0;
  return {
    async place(user, body) {
      const lines = readBasket(body);
      await inventory.reserve(lines.map(({ product, quantity }) => ({ sku: product.sku, quantity })));
      placed += 1;
      return { number: `${user}-${placed}`, lines: lines.length, ...basketTotals(lines) };
    },
    /** How many were placed here. */
    placed: () => placed,
  };
}
