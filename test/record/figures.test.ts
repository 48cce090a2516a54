import { describe, expect, it } from "vitest";
import { ms, num, pct, span, time } from "../../mcp-server/record/figures.ts";
import { cell, code, codeCell, fence, md, plain, quote } from "../../mcp-server/record/markdown.ts";

describe("figures", () => {
  it.each([
    [num(1234567), "1,234,567"],
    [num(999), "999"],
    [num(-1234.56, 1), "-1,234.6"],
    [num(-0.04, 1), "0.0"],
    [num(null), "unknown"],
    [num(Number.NaN), "unknown"],
    [pct(8), "8.0 %"],
    [pct(0), "0.0 %"],
    [pct(0.15), "0.15 %"],
    [pct(0.035), "0.035 %"],
    [pct(-2.25), "-2.3 %"],
    [pct(undefined), "unknown"],
    [ms(0.42), "0.4 ms"],
    [ms(580.4), "580 ms"],
    [ms("580"), "unknown"],
    [span(245_000), "4 min 05 s"],
    [span(-1), "unknown"],
    [time("2026-03-01T12:00:05.123Z"), "2026-03-01 12:00:05 UTC"],
    [time("yesterday"), "unknown"],
  ])("%s is %s", (found, expected) => {
    expect(found).toBe(expected);
  });
});

describe("Markdown", () => {
  it.each([
    [md("plain words, 8.0 % > 5.0 % and < 0.1 %"), "plain words, 8.0 % > 5.0 % and < 0.1 %"],
    [md("2.4.0 serves"), "2.4.0 serves"],
    [md("1. one"), "1\\. one"],
    [md("# one"), "\\# one"],
    [md("#12 is fixed"), "#12 is fixed"],
    [md("- one"), "\\- one"],
    [md("--- "), "\\---"],
    [md("-5 ms"), "-5 ms"],
    [md("> said"), "\\> said"],
    [md("a\nb"), "a b"],
    [md("snake_case _emphasis_"), "snake_case \\_emphasis\\_"],
    [md("<b>*x*</b>"), "\\<b>\\*x\\*\\</b>"],
    [md("&amp; AT&T"), "\\&amp; AT&T"],
    [md("see https://x.test"), "see https:\\//x.test"],
    [md("_www.x.test"), "\\_www\\.x.test"],
    [md(null), "unknown"],
    [cell(""), "–"],
    [cell("a|b\\|c"), "a\\|b\\\\\\|c"],
    [cell("+8.3 %"), "+8.3 %"],
    [code("a`b"), "``a`b``"],
    [code("`a`"), "`` `a` ``"],
    [code(null), "unknown"],
    [codeCell("a.b"), "`a.b`"],
    [codeCell("a|b"), "a\\|b"],
    [fence("a\n```\nb"), "````text\na\n```\nb\n````"],
    [quote("a\n\n- b"), "> a\n>\n> - b"],
    [plain("a\u001b[31m\u0007\r\n b"), "a [31m b"],
  ])("%j", (found, expected) => {
    expect(found).toBe(expected);
  });
});
