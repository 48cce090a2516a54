// What the shop sells. Prices are whole cents, so that sums are exact.

const ROWS = [
  ["TEA-GREEN", "Green tea", "tea", 690, "loose leaf from Uji"],
  ["TEA-BLACK", "Black tea", "tea", 590, "strong breakfast blend"],
  ["TEA-MINT", "Peppermint tea", "tea", 449, "dried whole leaves"],
  ["TEA-ROOIBOS", "Rooibos tea", "tea", 525, "red bush, no caffeine"],
  ["COF-ESPRESSO", "Espresso beans", "coffee", 1399, "dark roast"],
  ["COF-FILTER", "Filter coffee", "coffee", 1149, "medium roast, ground"],
  ["COF-DECAF", "Decaf coffee", "coffee", 1259, "medium roast, no caffeine"],
  ["COF-COLD", "Cold brew bag", "coffee", 335, "steep over night"],
  ["POT-GLASS", "Glass teapot", "ware", 3495, "one litre with strainer"],
  ["POT-IRON", "Iron teapot", "ware", 5900, "cast iron, keeps tea warm"],
  ["CUP-SMALL", "Espresso cup", "ware", 795, "thick porcelain"],
  ["CUP-LARGE", "Breakfast cup", "ware", 1095, "half a litre"],
  ["MILL-HAND", "Hand mill", "ware", 4250, "steel burrs for coffee beans"],
  ["KETTLE", "Kettle", "ware", 6499, "with thermometer"],
  ["FILTER-PAPER", "Paper filters", "ware", 299, "one hundred pieces"],
  ["STRAINER", "Tea strainer", "ware", 649, "fine mesh"],
  ["SUGAR-CANE", "Cane sugar", "food", 279, "raw crystals"],
  ["HONEY-LIME", "Lime honey", "food", 875, "from lime blossom"],
  ["COOKIE-OAT", "Oat cookies", "food", 365, "baked with honey"],
  ["COOKIE-NUT", "Hazelnut cookies", "food", 415, "goes with espresso"],
  ["CHOC-DARK", "Dark chocolate", "food", 329, "eighty percent"],
  ["CHOC-MILK", "Milk chocolate", "food", 289, "with a little salt"],
  ["BOOK-TEA", "The tea book", "books", 2400, "history and harvest"],
  ["BOOK-COFFEE", "The coffee book", "books", 2650, "from bean to cup"],
];

export const CATEGORIES = ["tea", "coffee", "ware", "food", "books"];

/** All products in the order of the shelves. */
export const PRODUCTS = ROWS.map(([sku, name, category, priceCents, text]) =>
  Object.freeze({ sku, name, category, priceCents, text }),
);

const bySku = new Map(PRODUCTS.map((product) => [product.sku, product]));

/** The product with this number, or undefined. */
export function findProduct(sku) {
  return bySku.get(sku);
}
