/** The view of what is going on: nodes, counters, latency, retry delays, and the newest events. */

import { LineChart, retryHistogram } from "./charts.js";
import { foreign, h, view } from "./dom.js";
import { drawNewest } from "./event_list.js";
import { clock, count, number, percent, rate, span } from "./format.js";
import { COUNTERS } from "./live.js";

/** From where on an answer is drawn at the top of the chart, and below which at its bottom, in seconds. */
const LATENCIES = [0.0001, 10];
const NEWEST = 6;
/** The rows of the table: one for every fifth point, ten seconds apart. */
const EVERY = 5;
const ROWS = 12;

const latency = (title, hint) => new LineChart({ title, hint, lines: ["half of them", "99 of 100"], format: span, log: LATENCIES });

/** Makes the view. */
export function overview(live, events) {
  const nodes = h("ul", { class: "nodes" });
  const charts = COUNTERS.map(({ title, hint, bad }) => new LineChart({ title, hint, bad, lines: [title], format: rate }));
  const hits = new LineChart({ title: "Verify hits", hint: "Checks answered from a cache", lines: ["share"], format: percent });
  const http = latency("HTTP answers", "Time to answer a request");
  const redis = latency("Redis answers", "Time to answer an AUTH command");
  const delays = h("div", { class: "delays" });
  const table = h("tbody");
  const newest = h("ol", { class: "events" });
  const nothing = h("p", { class: "empty" });

  const reading = h("p", { class: "empty" }, "Reading…");
  const element = view("overview", "Overview", reading);
  // Everything comes with the first numbers, so that nothing has to make room for them.
  const all = [
    h("h2", {}, "Nodes"),
    nodes,
    h("h2", {}, "The last minutes"),
    h("div", { class: "charts" }, charts.map((chart) => chart.element), hits.element, redis.element, http.element),
    h("details", { class: "card" }, h("summary", {}, "The same as a table"), numbers(table)),
    h("h2", {}, "How long after the first one a retry came"),
    h("div", { class: "card" }, delays),
    h("h2", {}, "Newest events"),
    h("div", { class: "card" }, newest, nothing),
  ];

  function drawNumbers() {
    const { latest, points } = live;
    if (reading.isConnected) reading.replaceWith(...all);
    const draw = (chart, values, total) => chart.draw(points.map((point) => ({ at: point.at, values: values(point) })), total);
    COUNTERS.forEach(({ id, metric }, index) => draw(charts[index], ({ rates }) => [rates[id]], latest.sum(metric)));
    draw(hits, ({ hits }) => [hits]);
    draw(http, (point) => point.http);
    draw(redis, (point) => point.redis);
    const every = points.filter((_, index) => (points.length - 1 - index) % EVERY === 0).slice(-ROWS);
    table.replaceChildren(...every.reverse().map(row));
    nodes.replaceChildren(...describeNodes(latest));
    delays.replaceChildren(...describeDelays(latest));
  }

  const drawEvents = () => drawNewest(newest, nothing, events, NEWEST);

  return {
    element,
    show() {
      const ends = [live.follow(drawNumbers), events.follow(drawEvents)];
      drawEvents();
      return () => ends.forEach((end) => end());
    },
  };
}

/** The numbers as a table, newest first. */
function numbers(body) {
  const titles = ["Time", ...COUNTERS.map(({ title }) => title), "HTTP, half", "Redis, half"];
  const head = h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title))));
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Numbers of the last two minutes" }, h("table", {}, head, body));
}

function row({ at, rates, http, redis }) {
  const counters = COUNTERS.map(({ id }) => (rates[id] === undefined ? "–" : rate(rates[id])));
  const times = [http, redis].map(([half]) => (half === undefined ? "–" : span(half)));
  return h("tr", {}, h("th", { scope: "row" }, clock(at)), [...counters, ...times].map((text) => h("td", {}, text)));
}

/** The health of each node, and of the server itself. */
function describeNodes(latest) {
  const version = latest.all("hallpass_build_info")[0]?.labels.version;
  const waiting = latest.sum("hallpass_http_requests_in_flight") ?? 0;
  const server = node("hallpass-server", "up", [`version ${version}`, `${count(waiting, "request")} in flight`]);
  return [server, ...latest.all("hallpass_redis_up").map((sample) => describeNode(latest, sample))];
}

function describeNode(latest, { labels, value }) {
  const here = (metric) => latest.all(metric).find((sample) => sample.labels.node === labels.node)?.value ?? 0;
  if (value !== 1) return node(labels.node ?? "Redis", "down", ["does not answer, or has no module"]);
  const warnings = here("hallpass_warnings");
  const unreadable = here("hallpass_unreadable_records_total");
  const doubts = [
    warnings > 0 && `${count(warnings, "warning")} in INFO hallpass`,
    here("hallpass_keyring_stale") > 0 && "the keyring file is newer than the ring in use: AUTH.RELOAD",
    unreadable > 0 && `${count(unreadable, "record")} could not be read`,
  ].filter(Boolean);
  const issued = here("hallpass_issued_total");
  return node(labels.node ?? "Redis", doubts.length > 0 ? "look" : "up", doubts.length > 0 ? doubts : [`${number(issued)} sessions issued since its start`]);
}

const STATES = { up: "Up", down: "Down", look: "Look at it" };

function node(name, state, lines) {
  const head = h("p", { class: "name" }, foreign(name), " ", h("span", { class: "state" }, STATES[state]));
  return h("li", { class: `card ${state}` }, head, lines.map((line) => h("p", {}, line)));
}

function describeDelays(latest) {
  const buckets = latest.buckets("hallpass_retry_delay_seconds");
  if (buckets.length === 0) return [h("p", { class: "empty" }, "No node tells.")];
  const windows = [
    ["Race window", latest.all("hallpass_race_window_seconds")[0]?.value],
    ["Retry window", latest.all("hallpass_retry_window_seconds")[0]?.value],
  ].filter(([, seconds]) => seconds !== undefined);
  return retryHistogram(buckets, windows);
}
