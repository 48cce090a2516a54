// Draws the table of error rates at threshold 0 of docs/judge-benchmark.md: how often each way of judging rolls back a
// release with which nothing is wrong, and after how long it finds a doubled error rate.
const TABLE = "## Error rate, threshold 0";
const COLUMNS = { identical: "*web100*", noisy: "*arnoise*", doubled: "x2" };

const WIDTH = 1060;
const ROW = 24;
const TOP = 74;
const BARS = [
  { at: 400, width: 210 },
  { at: 690, width: 210 },
];
const OURS = "#1a7f37";
const OTHERS = "#8c959f";
const NOISY = "#d4a72c";
const LONGEST_SECONDS = 900;

/** The picture of a page's table, or undefined while the page has none. */
export function plotOf(page) {
  const rows = rowsOf(page);
  if (rows.length === 0) return undefined;
  const height = TOP + rows.length * ROW + 30;
  const body = rows.map((row, i) => rowSvg(row, TOP + i * ROW));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(
      20,
      28,
      "Identical releases that are rolled back, and the time to find a doubled error rate",
      'font-size="16"',
    ),
    text(BARS[0].at, 56, "rolled back, %", 'fill="#57606a"'),
    text(BARS[0].at + BARS[0].width / 2 + 5, 56, "under noise, %", 'fill="#57606a"'),
    text(BARS[1].at, 56, "median time to find it", 'fill="#57606a"'),
    ...body,
    text(
      20,
      height - 10,
      "100 requests per second, a tenth of them to the new version, 1 % errors. Noise: each version's level wanders by itself.",
      'fill="#57606a"',
    ),
    "</svg>",
  ].join("\n")}\n`;
}

function rowSvg({ name, ours, identical, noisy, doubled }, y) {
  const weight = ours ? 'font-weight="bold"' : "";
  const colour = ours ? OURS : OTHERS;
  const half = (BARS[0].width - 10) / 2;
  const found = doubled.seconds === undefined ? `found ${doubled.percent} %` : `${doubled.seconds} s`;
  const partly = doubled.percent < 99.5 && doubled.seconds !== undefined ? ` (${doubled.percent} % found)` : "";
  return [
    text(20, y + 14, name, weight),
    ...bar(BARS[0].at, y, (identical / 100) * half * 0.6, colour, `${identical}`),
    ...bar(BARS[0].at + half + 10, y, (noisy / 100) * half * 0.6, ours ? OURS : NOISY, `${noisy}`),
    ...bar(
      BARS[1].at,
      y,
      (Math.min(LONGEST_SECONDS, doubled.seconds ?? 0) / LONGEST_SECONDS) * BARS[1].width,
      colour,
      `${found}${partly}`,
    ),
  ].join("\n");
}

function bar(x, y, width, fill, label) {
  const drawn = Math.max(1, Math.round(width));
  return [
    `<rect x="${Math.round(x)}" y="${y + 3}" width="${drawn}" height="14" fill="${fill}"/>`,
    text(Math.round(x) + drawn + 5, y + 14, label),
  ];
}

function text(x, y, words, more = "") {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${x}" y="${y}"${more === "" ? "" : ` ${more}`}>${safe}</text>`;
}

/** The rows of the table with the figures that are drawn; rows that lack one are left out. */
function rowsOf(page) {
  const section = page.split(/^(?=## )/m).find((part) => part.startsWith(TABLE)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  const end = lines.findIndex((_line, i) => i > 2 && lines[i + 1]?.startsWith("| ---"));
  const [head, , ...rest] = (end < 0 ? lines : lines.slice(0, end)).map(cellsOf);
  if (head === undefined) return [];
  const [identical, noisy, doubled] = Object.values(COLUMNS).map((title) => head.indexOf(title));
  return rest.flatMap((cells) => {
    const row = {
      name: cells[0].replaceAll("*", ""),
      ours: cells[0].startsWith("**"),
      identical: Number.parseFloat(cells[identical]),
      noisy: Number.parseFloat(cells[noisy]),
      doubled: foundIn(cells[doubled] ?? ""),
    };
    return Number.isFinite(row.identical) && Number.isFinite(row.noisy) && row.doubled ? [row] : [];
  });
}

function cellsOf(line) {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** `99.7 / 200 s, open 0.3` as its percent and seconds. */
function foundIn(cell) {
  const match = /^([\d.]+)(?: \/ (\d+) s)?/.exec(cell);
  if (!match) return undefined;
  return { percent: Number(match[1]), ...(match[2] === undefined ? {} : { seconds: Number(match[2]) }) };
}
