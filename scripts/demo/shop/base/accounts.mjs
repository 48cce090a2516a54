import { createHmac, timingSafeEqual } from "node:crypto";

// Invented people of a demonstration; the passwords are meant to be read here.
const ACCOUNTS = new Map([
  ["smoke", "smoke"],
  ["ada", "analytical"],
  ["grace", "compiler"],
  ["edsger", "shortest-path"],
]);

const HOUR_MS = 3_600_000;

// Tokens carry their own proof, so that every instance of every version knows them: sessions outlive a deployment.
const key = process.env.SHOP_KEY ?? "the demo shop signs with a public key";

function signature(text) {
  return createHmac("sha256", key).update(text).digest("base64url");
}

/** A token that is good for one hour, or undefined when user and password do not match. */
export function login(user, password, nowMs) {
  if (typeof password !== "string" || ACCOUNTS.get(user) !== password) return undefined;
  const claim = `${user}.${nowMs + HOUR_MS}`;
  return `${claim}.${signature(claim)}`;
}

/** The user whom a token names, or undefined when it is forged, cut or out of date. */
export function userOf(token, nowMs) {
  const [user, until, proof, ...rest] = token.split(".");
  if (!user || !until || !proof || rest.length > 0) return undefined;
  const expected = Buffer.from(signature(`${user}.${until}`));
  const given = Buffer.from(proof);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return Number(until) > nowMs ? user : undefined;
}
