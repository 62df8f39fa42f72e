/** Charts: lines over the last minutes, and the histogram of retry delays. What they show is also there as text. */

import { h, s } from "./dom.js";
import { clock, number, span } from "./format.js";
import { INTERVAL, POINTS } from "./live.js";

/** The time that a chart shows at least, and at most, in ms. */
const SHORTEST = 60_000;
const LONGEST = INTERVAL * POINTS;

/** Lines over the last minutes. */
export class LineChart {
  #points = [];
  /** The place from 0 to 1 whose values are shown, of which 1 is now: where the pointer is. */
  #x = 1;
  #options;
  #value = h("p", { class: "value" }, "–");
  #total = "";
  /** What the counter stands at, or the time that the pointer is at. */
  #beside = h("p", { class: "hint" });
  #top = h("span", { class: "top" });
  #paths;
  #area = s("path", { class: "area" });
  #cursor = h("span", { class: "cursor", hidden: true });

  /**
   * @param {{ title: string, hint: string, lines: string[], format: (value: number) => string, log?: [number, number],
   *   bad?: boolean }} options `log` is the range of a logarithmic scale; without it the scale begins at 0 and fits.
   */
  constructor(options) {
    this.#options = options;
    this.#paths = options.lines.map((_, index) => s("path", { class: `line line-${index}`, "vector-effect": "non-scaling-stroke" }));
    const lines = s("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, options.log === undefined && this.#area, this.#paths);
    const plot = h("div", { class: "plot" }, this.#grid(), lines, this.#cursor, this.#top);
    plot.addEventListener("pointermove", ({ clientX }) => {
      const { left, width } = plot.getBoundingClientRect();
      this.#point((clientX - left) / width);
    });
    plot.addEventListener("pointerleave", () => this.#point(1));
    const keys = options.lines.length > 1 && h("p", { class: "keys" }, options.lines.map((name, index) => h("span", { class: `line-${index}` }, name)));
    const caption = h("figcaption", {}, h("h3", {}, options.title), h("div", { class: "reading" }, this.#value, this.#beside), h("p", { class: "hint" }, options.hint));
    this.element = h("figure", { class: options.bad ? "chart bad" : "chart" }, caption, plot, keys);
  }

  /**
   * Draws points, the newest last: `{ at, values }`, one value for each line, `undefined` for a gap. `total` is what the
   * counter stands at.
   */
  draw(points, total) {
    this.#points = points;
    this.#total = total === undefined ? "" : `${number(total)} in all`;
    const highest = Math.max(0, ...points.flatMap(({ values }) => values.map((value) => value ?? 0)));
    if (this.#options.log === undefined) this.#top.textContent = this.#options.format(nice(highest));
    const [scale, newest] = [this.#scale(highest), points.at(-1)?.at ?? 0];
    const line = (index) => points.map(({ at, values }) => ({ x: 1 - (newest - at) / this.#window(), value: values[index] }));
    this.#paths.forEach((path, index) => path.setAttribute("d", trace(line(index), scale)));
    this.#area.setAttribute("d", fill(line(0), scale));
    this.#point(this.#x);
  }

  /** The time that is shown, which grows until it is the longest. */
  #window() {
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    return first === undefined ? SHORTEST : Math.min(LONGEST, Math.max(SHORTEST, last.at - first.at));
  }

  /** Shows the values at a place. */
  #point(x) {
    this.#x = x;
    const at = (this.#points.at(-1)?.at ?? 0) - (1 - x) * this.#window();
    const nearest = this.#points.findLast((point) => point.at <= at + INTERVAL / 2);
    const values = nearest?.values.map((value) => (value === undefined ? "–" : this.#options.format(value))) ?? ["–"];
    this.#value.textContent = [...new Set(values)].join(" · ");
    this.#cursor.hidden = x >= 1 || nearest === undefined;
    this.#cursor.style.left = `${100 * x}%`;
    this.#beside.replaceChildren(...(this.#cursor.hidden ? [this.#total] : ["at ", clock(nearest.at)]));
  }

  #scale(highest) {
    const { log } = this.#options;
    if (log === undefined) return (value) => value / nice(highest);
    const [low, high] = log.map(Math.log);
    return (value) => Math.min(1, Math.max(0, (Math.log(value) - low) / (high - low)));
  }

  /** The lines of a logarithmic scale, at every other power of ten. */
  #grid() {
    if (this.#options.log === undefined) return [];
    const [low, high] = this.#options.log.map(Math.log10);
    const powers = Array.from({ length: high - low - 1 }, (_, index) => low + index + 1).filter((power) => power % 2 !== 0);
    return powers.map((power) => {
      const line = h("span", { class: "grid" }, this.#options.format(10 ** power));
      line.style.bottom = `${(100 * (power - low)) / (high - low)}%`;
      return line;
    });
  }
}

/** The next of 1, 2, 5, 10, 20, … */
function nice(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= highest) ?? 1;
}

/** The path through the points, with gaps where values are missing. */
function trace(places, scale) {
  let isDrawing = false;
  const steps = places.map(({ x, value }) => {
    const step = value === undefined ? "" : `${isDrawing ? "L" : "M"}${x.toFixed(4)} ${(1 - scale(value)).toFixed(4)}`;
    isDrawing = value !== undefined;
    return step;
  });
  return steps.join("");
}

/** The area below the points, each gap left out. */
function fill(places, scale) {
  const pieces = places.reduce((pieces, place) => {
    if (place.value === undefined) return [...pieces, []];
    return [...pieces.slice(0, -1), [...pieces.at(-1), place]];
  }, [[]]);
  const closed = pieces.filter((piece) => piece.length > 1).map((piece) => `${trace(piece, scale)}L${piece.at(-1).x.toFixed(4)} 1L${piece[0].x.toFixed(4)} 1Z`);
  return closed.join("");
}

/**
 * The histogram of retry delays, with the windows within which a retry is answered. `buckets` are cumulative;
 * `windows` are names and lengths in seconds.
 */
export function retryHistogram(buckets, windows) {
  const bars = buckets.map(({ bound, below }, index) => {
    const from = buckets[index - 1]?.bound;
    return { from, bound, count: below - (buckets[index - 1]?.below ?? 0) };
  });
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const columns = bars.map(({ from, bound, count }) => {
    const bar = h("span", { class: "bar" });
    bar.style.height = `${(100 * count) / most}%`;
    const label = bound === Infinity ? `over ${span(from)}` : `≤ ${span(bound)}`;
    return h("li", {}, h("span", { class: "count" }, number(count)), h("span", { class: "space" }, bar), h("span", { class: "label" }, label));
  });
  const brackets = windows.map(([name, seconds]) => {
    const bracket = h("p", { class: "window" }, seconds === 0 ? `${name}: off` : `${name}: ${span(seconds)}`);
    bracket.style.width = `${100 * place(bars, seconds)}%`;
    return bracket;
  });
  return [h("div", { class: "windows" }, brackets), h("ol", { class: "histogram" }, columns)];
}

/** Where a time lies between the first and the last bar, each of which is a step of a logarithmic scale. */
function place(bars, seconds) {
  const index = bars.findIndex(({ bound }) => seconds <= bound);
  const { from, bound } = bars[index] ?? { bound: Infinity };
  const low = from ?? bound / 10;
  const high = bound === Infinity ? low * 144 : bound;
  const within = seconds <= low ? 0 : Math.log(seconds / low) / Math.log(high / low);
  return Math.max(0, (index + Math.min(1, within)) / bars.length);
}
