import { num } from "./figures.ts";
import { plain } from "./markdown.ts";

/** One line of a panel. */
export interface Series {
  readonly arm: "new" | "old";
  readonly label: string;
  /** In order of time. A null value is a gap; `above` lies beyond what could be measured. */
  readonly points: readonly { ms: number; value: number | "above" | null }[];
}

/** One value over time, with the limits that applied. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
  readonly limits: readonly { label: string; value: number }[];
}

/** A part of the time, named. */
export interface Band {
  readonly fromMs: number;
  readonly toMs: number;
  readonly label: string;
  /** Where the label has no room. */
  readonly short: string;
  readonly text: string;
}

/** Panels over one axis of time, as they are drawn. */
export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly spanMs: number;
  /** What the axis of time begins with. */
  readonly origin: string;
  readonly panels: readonly Panel[];
  readonly bands: readonly Band[];
  readonly marks: readonly { ms: number; label: string }[];
}

const WIDTH = 880;
const LEFT = 72;
const RIGHT = 24;
const TOP = 104;
const PANEL = 150;
const GAP = 46;
const BOTTOM = 46;
const PLOT = WIDTH - LEFT - RIGHT;
/** Narrower bands get no label: it would run into the next one. */
const LABEL_ROOM = 7;

/** Colours that are told apart without seeing red or green, on light and dark grounds. */
const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
    .bg { fill: #ffffff; } .title { font-size: 16px; font-weight: 600; } .soft { fill: #59636e; }
    .grid { stroke: #d1d9e0; stroke-width: 1; } .axis { stroke: #818b98; stroke-width: 1; }
    .band { fill: #818b98; fill-opacity: 0.07; } .edge { stroke: #818b98; stroke-width: 1; stroke-dasharray: 2 3; }
    .new { stroke: #c2410c; } .old { stroke: #0969da; stroke-dasharray: 6 3; } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .dot-new { fill: #c2410c; } .dot-old { fill: #0969da; }
    .limit { stroke: #1f2328; stroke-width: 1; stroke-dasharray: 1 4; stroke-linecap: round; }
    .mark { stroke: #cf222e; stroke-width: 1.5; } .mark-text { fill: #cf222e; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .bg { fill: #0d1117; } .soft { fill: #9198a1; }
      .grid { stroke: #2a313c; } .axis { stroke: #656c76; } .band { fill: #9198a1; fill-opacity: 0.1; } .edge { stroke: #656c76; }
      .new { stroke: #ff9e64; } .old { stroke: #58a6ff; } .dot-new { fill: #ff9e64; } .dot-old { fill: #58a6ff; }
      .limit { stroke: #e6edf3; } .mark { stroke: #ff7b72; } .mark-text { fill: #ff7b72; }
    }`;

/** A chart as an SVG file. The same chart gives the same bytes; texts are escaped. */
export function chartSvg(chart: Chart): string {
  const height = TOP + chart.panels.length * PANEL + (chart.panels.length - 1) * GAP + BOTTOM;
  const body = [
    `<rect class="bg" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="30">${xml(chart.title)}</text>`,
    `<text class="soft" x="${LEFT}" y="49">${xml(chart.subtitle)}</text>`,
    ...legend(chart),
    ...bands(chart, height - BOTTOM),
    ...chart.panels.flatMap((panel, index) => panelSvg(chart, panel, TOP + index * (PANEL + GAP))),
    ...marks(chart, height - BOTTOM),
    ...timeAxis(chart, height - BOTTOM),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${xml(chart.title)}">
  <title>${xml(chart.title)}</title>
  <style>${STYLE}
  </style>
  ${body.join("\n  ")}
</svg>
`;
}

function legend({ panels }: Chart): string[] {
  const entries = [...new Map(panels.flatMap(({ series }) => series).map((one) => [one.arm, one.label]))];
  const widths = entries.map(([, label]) => 40 + plain(label).length * 6.6);
  let x = WIDTH - RIGHT - widths.reduce((sum, width) => sum + width, 0);
  return entries.flatMap(([arm, label], index) => {
    const at = x;
    x += widths[index] ?? 0;
    return [`<path class="line ${arm}" d="M${px(at)} 26h24"/>`, `<text x="${px(at + 30)}" y="30">${xml(label)}</text>`];
  });
}

function bands(chart: Chart, bottom: number): string[] {
  return chart.bands.flatMap((band, index) => {
    const [x, to] = [xOf(chart, band.fromMs), xOf(chart, band.toMs)];
    const shade = `<rect class="band" x="${px(x)}" y="${TOP - 26}" width="${px(to - x)}" height="${bottom - TOP + 26}"><title>${xml(band.text)}</title></rect>`;
    const edge = `<path class="edge" d="M${px(x)} ${TOP - 26}V${bottom}"/>`;
    const room = (to - x) / LABEL_ROOM;
    const label = [band.label, band.short].find((text) => plain(text).length <= room);
    const text =
      label === undefined ? [] : [`<text class="soft" x="${px(x + 5)}" y="${TOP - 12}">${xml(label)}</text>`];
    return [...(index % 2 === 0 ? [shade] : []), edge, ...text];
  });
}

function panelSvg(chart: Chart, panel: Panel, top: number): string[] {
  const values = panel.series.flatMap(({ points }) =>
    points.flatMap(({ value }) => (typeof value === "number" ? value : [])),
  );
  const most = Math.max(0, ...values);
  const near = panel.limits.filter(({ value }) => most === 0 || value <= most * 3);
  const ticks = niceTicks(Math.max(most * 1.08, ...near.map(({ value }) => value * 1.15)));
  const max = ticks.at(-1) ?? 1;
  const yOf = (value: number) => top + PANEL - (value / max) * PANEL;
  const far = panel.limits.filter((limit) => !near.includes(limit));
  const beyond = far.map(({ label }) => `; ${label} lies above`).join("");
  return [
    `<text x="${LEFT}" y="${top - (top === TOP ? 0 : 10)}" dy="${top === TOP ? -30 : 0}">${xml(panel.title)}<tspan class="soft">${xml(beyond)}</tspan></text>`,
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${LEFT} ${px(yOf(tick))}H${WIDTH - RIGHT}"/>`,
      `<text class="soft" x="${LEFT - 8}" y="${px(yOf(tick) + 4)}" text-anchor="end">${xml(`${tickText(tick, ticks)} ${panel.unit}`)}</text>`,
    ]),
    ...near.flatMap(({ label, value }) => [
      `<path class="limit" d="M${LEFT} ${px(yOf(value))}H${WIDTH - RIGHT}"/>`,
      `<text class="soft" x="${WIDTH - RIGHT - 4}" y="${px(yOf(value) - 5)}" text-anchor="end">${xml(label)}</text>`,
    ]),
    ...[...panel.series].sort((a, b) => (a.arm < b.arm ? -1 : 1)).flatMap((series) => lines(chart, series, yOf, top)),
  ];
}

/** Lines between neighbouring values, a dot where a value stands alone, a triangle where one lies beyond measure. */
function lines(chart: Chart, { arm, points }: Series, yOf: (value: number) => number, top: number): string[] {
  const out: string[] = [];
  let run: string[] = [];
  const close = () => {
    const [first] = run;
    if (run.length > 1) out.push(`<path class="line ${arm}" d="M${run.join("L")}"/>`);
    else if (first)
      out.push(`<circle class="dot-${arm}" cx="${first.split(" ")[0]}" cy="${first.split(" ")[1]}" r="3"/>`);
    run = [];
  };
  for (const { ms, value } of points) {
    const x = xOf(chart, ms);
    if (typeof value === "number") run.push(`${px(x)} ${px(yOf(value))}`);
    else close();
    if (value === "above") out.push(`<path class="dot-${arm}" d="M${px(x - 4)} ${top + 8}h8l-4 -7z"/>`);
  }
  close();
  return out;
}

function marks(chart: Chart, bottom: number): string[] {
  return chart.marks.flatMap(({ ms, label }) => {
    const x = xOf(chart, ms);
    const isLate = x > LEFT + PLOT * 0.8;
    return [
      `<path class="mark" d="M${px(x)} ${TOP - 26}V${bottom}"/>`,
      `<text class="mark-text" x="${px(isLate ? x - 5 : x + 5)}" y="${TOP + PANEL + 14}" text-anchor="${isLate ? "end" : "start"}">${xml(label)}</text>`,
    ];
  });
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
const MOST_TIME_TICKS = 9;

function timeAxis(chart: Chart, bottom: number): string[] {
  const seconds = chart.spanMs / 1000;
  const step = STEPS_S.find((candidate) => seconds / candidate <= MOST_TIME_TICKS) ?? 86_400;
  const unit = step >= 3_600 ? { name: "h", s: 3_600 } : step >= 60 ? { name: "min", s: 60 } : { name: "s", s: 1 };
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  return [
    `<path class="axis" d="M${LEFT} ${bottom}H${WIDTH - RIGHT}"/>`,
    ...ticks.flatMap((tick) => {
      const x = px(xOf(chart, tick * 1000));
      return [
        `<path class="axis" d="M${x} ${bottom}v4"/>`,
        `<text class="soft" x="${x}" y="${bottom + 18}" text-anchor="middle">${tick === 0 ? "0" : `${num(tick / unit.s)} ${unit.name}`}</text>`,
      ];
    }),
    `<text class="soft" x="${LEFT}" y="${bottom + 36}">${xml(chart.origin)}</text>`,
  ];
}

function xOf({ spanMs }: Chart, ms: number): number {
  const share = spanMs > 0 ? Math.min(1, Math.max(0, ms / spanMs)) : 0;
  return LEFT + share * PLOT;
}

const TICKS = 4;

/** From nought to at least `most`, in steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(most: number): number[] {
  const wanted = (most > 0 && Number.isFinite(most) ? most : 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= wanted * 0.999) ?? 10) * power;
  const count = Math.ceil((wanted * TICKS * 0.999) / step);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

function tickText(tick: number, ticks: readonly number[]): string {
  const step = ticks[1] ?? 1;
  return num(tick, Math.max(0, Math.min(4, -Math.floor(Math.log10(step) + 1e-9))));
}

function px(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** Text in an element or attribute, one line, without anything that XML 1.0 forbids. */
function xml(text: string): string {
  return Buffer.from(plain(text))
    .toString("utf8")
    .replace(/[\ufffe\uffff]/g, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const BARS = "▁▂▃▄▅▆▇█";

/** Values as one line of bars from nought to `most`; a dot where nothing was measured, an arrow beyond measure. */
export function sparkline(values: readonly (number | "above" | null)[], most: number): string {
  return values
    .map((value) => {
      if (value === null) return "·";
      if (value === "above") return "↑";
      const share = most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
      return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? "▁";
    })
    .join("");
}
