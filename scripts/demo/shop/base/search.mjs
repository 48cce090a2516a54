import { PRODUCTS } from "./catalogue.mjs";

const MOST = 10;

function words(text) {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** 2 for a word of the name, 1 for one of the description or category, 0 for a product that lacks any word asked for. */
function score(product, asked) {
  const name = words(product.name);
  const other = words(`${product.text} ${product.category}`);
  let sum = 0;
  for (const word of asked) {
    if (name.some((one) => one.startsWith(word))) sum += 2;
    else if (other.some((one) => one.startsWith(word))) sum += 1;
    else return 0;
  }
  return sum;
}

/** Products that have every word of the query, best first, equals in the order of the shelves; at most ten. */
export function search(query) {
  const asked = words(query);
  if (asked.length === 0) return [];
  return PRODUCTS.map((product) => ({ product, points: score(product, asked) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .slice(0, MOST)
    .map(({ product }) => product);
}
