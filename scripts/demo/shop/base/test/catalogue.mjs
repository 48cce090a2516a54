import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CATEGORIES, findProduct, PRODUCTS } from "../catalogue.mjs";

const SKUS = [
  ["TEA-GREEN", 690],
  ["TEA-BLACK", 590],
  ["TEA-MINT", 449],
  ["TEA-ROOIBOS", 525],
  ["COF-ESPRESSO", 1399],
  ["COF-FILTER", 1149],
  ["COF-DECAF", 1259],
  ["COF-COLD", 335],
  ["POT-GLASS", 3495],
  ["POT-IRON", 5900],
  ["CUP-SMALL", 795],
  ["CUP-LARGE", 1095],
  ["MILL-HAND", 4250],
  ["KETTLE", 6499],
  ["FILTER-PAPER", 299],
  ["STRAINER", 649],
  ["SUGAR-CANE", 279],
  ["HONEY-LIME", 875],
  ["COOKIE-OAT", 365],
  ["COOKIE-NUT", 415],
  ["CHOC-DARK", 329],
  ["CHOC-MILK", 289],
  ["BOOK-TEA", 2400],
  ["BOOK-COFFEE", 2650],
];

describe("catalogue", () => {
  for (const [sku, priceCents] of SKUS) {
    test(`${sku} is sold once, at its price, on a known shelf`, () => {
      const product = findProduct(sku);
      assert.equal(product?.priceCents, priceCents);
      assert.ok(CATEGORIES.includes(product.category));
      assert.equal(PRODUCTS.filter((one) => one.sku === sku).length, 1);
    });
  }
});
