/** The scale of an axis: it places values, and chooses the values that are written beside the axis. */
export interface Scale {
  readonly ticks: readonly number[];
  /** Returns the position of a value, from 0 at the beginning of the axis to 1 at its end. */
  at(value: number): number;
}

/** Returns a linear scale from 0 to a round number above the greatest value. */
export function linearScale(max: number, tickCount = 4): Scale {
  const step = roundUp(Math.max(max, Number.MIN_VALUE) / tickCount);
  const count = Math.max(1, Math.ceil(max / step));
  return {
    ticks: Array.from({ length: count + 1 }, (_, i) => i * step),
    at: (value) => value / (count * step),
  };
}

/** Returns a linear scale from 0 to exactly this value, with round numbers between them. */
export function spanScale(max: number, tickCount = 8): Scale {
  const { ticks } = linearScale(max, tickCount);
  return { ticks: ticks.filter((tick) => tick <= max * 1.001), at: (value) => value / max };
}

/** Returns a logarithmic scale between two values. Its ticks are 1, 2 and 5 times the powers of ten. */
export function logScale(min: number, max: number): Scale {
  const low = Math.log10(min);
  const high = Math.max(Math.log10(max), low + 0.1);
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => 10 ** (Math.floor(low) + i));
  const all = decades.flatMap((decade) => (high - low > 3 ? [decade] : [decade, 2 * decade, 5 * decade]));
  return {
    ticks: all.filter((tick) => tick >= min * 0.999 && tick <= max * 1.001),
    at: (value) => (Math.log10(Math.max(value, min)) - low) / (high - low),
  };
}

/**
 * Returns a scale for percentiles on which 90 to 99 is as long as 99 to 99.9, so that the slowest calls can be told
 * apart.
 */
export function percentileScale(): Scale {
  const nines = (percentile: number) => -Math.log10(Math.max(1e-4, 1 - percentile / 100));
  return { ticks: [0, 50, 90, 99, 99.9, 99.99], at: (percentile) => nines(percentile) / 4 };
}

/** Returns the smallest number of at least this value that is 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((step) => step * decade >= value * 0.999_999) ?? 10;
  return factor * decade;
}

/** A set of bars, or a line, in a chart. */
export type Series =
  | { readonly kind: "bars"; readonly bars: readonly Bar[]; readonly style: string }
  | { readonly kind: "line"; readonly points: readonly Point[]; readonly style: string; readonly isFilled?: boolean };

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  /** The tooltip. */
  readonly title: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly title: string;
}

export interface Chart {
  readonly x: Scale;
  readonly y: Scale;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly series: readonly Series[];
}

const width = 720;
const height = 260;
const margin = { left: 72, right: 32, top: 12, bottom: 32 };
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** Draws a chart as SVG. Its colours come from the style sheet of the page. */
export function svgChart({ x, y, formatX, formatY, series }: Chart): string {
  const left = (value: number) => margin.left + clamp(x.at(value)) * inner.width;
  const top = (value: number) => margin.top + (1 - clamp(y.at(value))) * inner.height;
  const bottom = margin.top + inner.height;
  const grid = y.ticks.map((tick) => {
    const at = n(top(tick));
    const line = `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}"/>`;
    return line + label(margin.left - 8, top(tick) + 4, "end", formatY(tick));
  });
  const axis = x.ticks.map((tick) => label(left(tick), bottom + 20, "middle", formatX(tick)));
  const drawn = series.map((one) => (one.kind === "bars" ? drawBars(one.bars, one.style) : drawLine(one)));
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${[...grid, ...axis, ...drawn].join("")}</svg>`;

  function drawBars(bars: readonly Bar[], style: string): string {
    const rectangles = bars
      .filter(({ value }) => value > 0)
      .map(({ from, to, value, title }) => {
        const barTop = Math.min(top(value), bottom - 1); // a small bar stays visible
        const barWidth = Math.max(1, left(to) - left(from) - 1);
        const size = `width="${n(barWidth)}" height="${n(bottom - barTop)}"`;
        return `<rect x="${n(left(from))}" y="${n(barTop)}" ${size}>${tip(title)}</rect>`;
      });
    return `<g class="${style}">${rectangles.join("")}</g>`;
  }

  function drawLine({ points, style, isFilled }: Extract<Series, { kind: "line" }>): string {
    const first = points[0];
    const last = points.at(-1);
    if (first === undefined || last === undefined) {
      return "";
    }
    const path = points.map((point) => `${n(left(point.x))},${n(top(point.y))}`).join(" L");
    const area = `M${n(left(first.x))},${bottom} L${path} L${n(left(last.x))},${bottom} Z`;
    const dots = points.map(
      (point) => `<circle cx="${n(left(point.x))}" cy="${n(top(point.y))}" r="5">${tip(point.title)}</circle>`,
    );
    const filled = isFilled ? `<path class="area" d="${area}"/>` : "";
    return `<g class="${style}">${filled}<path class="line" d="M${path}"/>${dots.join("")}</g>`;
  }
}

function label(x: number, y: number, anchor: "middle" | "end", text: string): string {
  return `<text class="tick" x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function tip(title: string): string {
  return `<title>${escapeHtml(title)}</title>`;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function n(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
