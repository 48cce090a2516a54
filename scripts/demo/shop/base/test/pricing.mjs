import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findProduct } from "../catalogue.mjs";
import { basketTotals, lineTotal, quantityDiscountPct, shipping, taxIn } from "../pricing.mjs";

// Reckoned by hand: price x pieces, less 5 % from three pieces on and 10 % from ten on, half cents up.
const LINES = {
  "TEA-GREEN": { 1: 690, 2: 1380, 3: 1967, 9: 5900, 10: 6210, 11: 6831 },
  "COF-ESPRESSO": { 1: 1399, 2: 2798, 3: 3987, 9: 11961, 10: 12591, 11: 13850 },
  "POT-IRON": { 1: 5900, 2: 11800, 3: 16815, 9: 50445, 10: 53100, 11: 58410 },
  "CUP-SMALL": { 1: 795, 2: 1590, 3: 2266, 9: 6797, 10: 7155, 11: 7871 },
  "CHOC-DARK": { 1: 329, 2: 658, 3: 938, 9: 2813, 10: 2961, 11: 3257 },
  "BOOK-TEA": { 1: 2400, 2: 4800, 3: 6840, 9: 20520, 10: 21600, 11: 23760 },
};

describe("price of a line", () => {
  for (const [sku, totals] of Object.entries(LINES)) {
    for (const [quantity, cents] of Object.entries(totals)) {
      test(`${quantity} x ${sku} cost ${cents}`, () => {
        assert.equal(lineTotal(findProduct(sku), Number(quantity)), cents);
      });
    }
  }
});

describe("postage and tax", () => {
  for (const [subtotal, cents] of [
    [0, 0],
    [1, 490],
    [4999, 490],
    [5000, 0],
    [50000, 0],
  ]) {
    test(`postage for ${subtotal} is ${cents}`, () => assert.equal(shipping(subtotal), cents));
  }

  for (const [sku, total, cents] of [
    ["TEA-GREEN", 690, 110],
    ["POT-IRON", 5900, 942],
    ["CHOC-DARK", 329, 22],
    ["BOOK-TEA", 2400, 157],
    ["BOOK-TEA", 0, 0],
  ]) {
    test(`tax in ${total} for ${sku} is ${cents}`, () => assert.equal(taxIn(findProduct(sku), total), cents));
  }

  test("five percent from three pieces to nine, nothing below", () => {
    assert.deepEqual([1, 2, 3, 6, 9].map(quantityDiscountPct), [0, 0, 5, 5, 5]);
  });

  test("ten percent from ten pieces on", () => {
    assert.deepEqual([10, 11, 99].map(quantityDiscountPct), [10, 10, 10]);
  });

  test("a basket adds its lines, tax and postage", () => {
    const lines = [
      { product: findProduct("TEA-GREEN"), quantity: 1 },
      { product: findProduct("BOOK-TEA"), quantity: 1 },
    ];
    assert.deepEqual(basketTotals(lines), { subtotal: 3090, tax: 267, shipping: 490, total: 3580 });
  });

  test("an empty basket costs nothing", () => {
    assert.deepEqual(basketTotals([]), { subtotal: 0, tax: 0, shipping: 0, total: 0 });
  });
});
