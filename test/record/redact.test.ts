import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QUOTE_LIMIT, redact, redactTexts, SECRET_SHAPES } from "../../mcp-server/record/redact.ts";

/** Letters and digits that no scanner takes for a real secret: the samples are put together here. */
const filler = (length: number) => "x1Y2z3W4v5".repeat(Math.ceil(length / 10)).slice(0, length);
const upper = (length: number) => "A1B2C3D4E5".repeat(Math.ceil(length / 10)).slice(0, length);

const samples: [shape: string, secret: string, text: (secret: string) => string][] = [
  ["private key", `MIIE${filler(40)}`, (s) => `-----BEGIN RSA PRIVATE KEY-----\n${s}\n-----END RSA PRIVATE KEY-----`],
  ["private key", filler(40), (s) => `-----BEGIN OPENSSH PRIVATE KEY-----\n${s}`],
  ["json web token", `eyJ${filler(20)}.${filler(30)}.${filler(20)}`, (s) => `got ${s}!`],
  ["aws access key id", `AKIA${upper(16)}`, (s) => `id ${s}`],
  ["github token", `ghp_${filler(36)}`, (s) => `push with ${s}`],
  ["github token", `github_pat_${filler(60)}`, (s) => s],
  ["gitlab token", `glpat-${filler(20)}`, (s) => `(${s})`],
  ["slack token", `xoxb-1234-${filler(24)}`, (s) => s],
  ["slack webhook", `services/T0/B0/${filler(24)}`, (s) => `https://hooks.slack.com/${s}`],
  ["stripe key", `sk_live_${filler(24)}`, (s) => `charge ${s}`],
  ["google api key", `AIza${filler(35)}`, (s) => s],
  ["google oauth token", `ya29.${filler(40)}`, (s) => s],
  ["npm token", `npm_${filler(36)}`, (s) => s],
  ["pypi token", `pypi-${filler(60)}`, (s) => s],
  ["docker token", `dckr_pat_${filler(27)}`, (s) => s],
  ["sendgrid key", `SG.${filler(22)}.${filler(43)}`, (s) => s],
  ["vault token", `hvs.${filler(30)}`, (s) => s],
  ["digitalocean token", `dop_v1_${"0a1b2c3d".repeat(8)}`, (s) => s],
  ["model provider key", `sk-proj-${filler(40)}`, (s) => s],
  ["azure storage key", `${filler(40)}==`, (s) => `DefaultEndpointsProtocol=https;AccountKey=${s};`],
  ["authorization header", filler(20), (s) => `Authorization: Bearer ${s}`],
  ["authorization header", "dXNlcjpwYXNz", (s) => `authorization: basic ${s}`],
  ["authorization header", "hunter2", (s) => `{"authorization": "${s}"}`],
  ["bearer token", filler(24), (s) => `rejected bearer ${s}`],
  ["cookie header", "sid=s3cr3tvalue", (s) => `Set-Cookie: ${s}; Path=/`],
  ["credentials in a URL", "ada:hunter2", (s) => `postgres://${s}@db.local:5432/shop`],
  ["named secret", "hunter2", (s) => `DB_PASSWORD=${s} ok`],
  ["named secret", "hun ter2", (s) => `{"password": "${s}", "user": "ada"}`],
  ["named secret", 'hun\\"ter2', (s) => `{"client_secret":"${s}"}`],
  ["named secret", "hunter2", (s) => `api-key => ${s}`],
  ["named secret", "hunter2", (s) => `x-api-key: ${s}`],
  ["secret as an option", "hunter2", (s) => `deploy --db-password ${s} --verbose`],
  ["secret as an option", "hunter2", (s) => `-password ${s}`],
  ["secret as an option", "hunter2", (s) => `(--token ${s})`],
  ["secret as an option", "hunter2", (s) => `argv: "--client-secret ${s}"`],
  ["secret as an option", "hunter2", (s) => `mysql\t--${"very-".repeat(10)}long-password ${s}`],
];

describe("secrets in quoted texts", () => {
  it.each(samples)("%s: %s", (_shape, secret, text) => {
    const redacted = redact(text(secret));
    expect(redacted).not.toContain(secret);
    expect(redacted).toContain("[redacted]");
    expect(redact(redacted)).toBe(redacted);
  });

  it("have a sample for every shape of the table", () => {
    expect(new Set(samples.map(([shape]) => shape))).toEqual(new Set(SECRET_SHAPES.map(({ name }) => name)));
  });

  it("leave what stands around them", () => {
    expect(redact("GET https://ada:pw@shop/cart failed: 503, password=hunter2, took 30 ms")).toBe(
      "GET https://[redacted]@shop/cart failed: 503, password=[redacted], took 30 ms",
    );
  });

  it.each([
    "expected 200, found 503 at checkout.test.ts:41",
    "Unexpected token < in JSON at position 0",
    "tokens used: 2000",
    "wrong-password (P1): passed before, fails now",
    "expired-token returns 401 and missing-api-key returns 403",
    "__tests__/reset-password is skipped",
    "AssertionError: expected [1, 2] to equal [2, 1]\n    at file:///srv/app/test.mjs:3:9",
    "https://shop.example/cart?item=5#top",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "basic checks and bearer of news",
  ])("are not seen in %j", (text) => {
    expect(redact(text)).toBe(text);
  });

  it("are found although control characters were put between", () => {
    expect(redact(`pass\u0000word=hun\u200bter2`)).toBe("password=[redacted]");
  });

  it("do not show at the place where a long text is cut", () => {
    const token = `ghp_${filler(36)}`;
    for (let before = QUOTE_LIMIT - 60; before < QUOTE_LIMIT + 10; before += 1) {
      const redacted = redact(`${"word ".repeat(before / 5)}${token} ${"tail ".repeat(2_000)}`);
      expect(redacted).not.toContain("ghp_x");
    }
  });
});

describe("any text", () => {
  it("comes out capped, without control characters, and the same when redacted again", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        ...samples.map(([, secret, text]) => text(secret)),
        "\u001b[31mred\u001b[0m",
        "\r\n",
        "\u202e",
        "\ud800",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const redacted = redact(pieces.join(""));
        expect(redacted.length).toBeLessThanOrEqual(QUOTE_LIMIT + 1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
        expect(redacted).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(redact(redacted)).toBe(redacted);
      }),
      { numRuns: 300 },
    );
  });

  it("is cut with a sign that it was", () => {
    expect(redact("a b ".repeat(5), 7)).toBe("a b a b…");
    expect(redactTexts(["ok", "password: x"])).toEqual(["ok", "password: [redacted]"]);
  });

  it.each([
    ["one long word", "a".repeat(200_000)],
    ["dashes", "a-".repeat(100_000)],
    ["half URLs", "http://".repeat(30_000)],
    ["half keys", "-----BEGIN PRIVATE KEY-----".repeat(8_000)],
    ["half pairs", "password".repeat(25_000)],
    ["escapes", "\u001b]".repeat(100_000)],
    ["quotes", 'token="\\"'.repeat(25_000)],
  ])("of hostile form costs little: %s", (_name, text) => {
    const started = performance.now();
    redact(text);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
