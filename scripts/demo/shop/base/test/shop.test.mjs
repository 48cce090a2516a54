// The shop's whole suite: 150 tests. Run with: node --test test/shop.test.mjs
import "./catalogue.mjs";
import "./search.mjs";
import "./pricing.mjs";
import "./orders.mjs";
import "./inventory.mjs";
import "./accounts.mjs";
import "./http.mjs";
