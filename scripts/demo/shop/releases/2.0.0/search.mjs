import { PRODUCTS } from "./catalogue.mjs";

const MOST = 10;

function words(text) {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

// New in 2.0.0: the words of the catalogue are taken apart once, not with every search.
const INDEX = PRODUCTS.map((product) => ({
  product,
  name: words(product.name),
  other: words(`${product.text} ${product.category}`),
}));

function score({ name, other }, asked) {
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
  return INDEX.map((entry) => ({ product: entry.product, points: score(entry, asked) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .slice(0, MOST)
    .map(({ product }) => product);
}
