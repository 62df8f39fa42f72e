/** Reads the server's numbers every few seconds, while somebody looks, and keeps what the charts draw. */

import { readMetrics } from "./api.js";
import { Reading, quantilesBetween, rateBetween } from "./metrics.js";

/** The time from one reading to the next. */
export const INTERVAL = 2000;
/** How many points are kept: five minutes. */
export const POINTS = 150;
/** Over how many readings a rate is taken, so that what happens every few seconds is a line and not a row of teeth. */
const SPREAD = 5;

/** The counters that are drawn, each with its metric and what it means. */
export const COUNTERS = [
  { id: "issued", metric: "hallpass_issued_total", title: "Issued", hint: "Sessions begun" },
  { id: "refreshed", metric: "hallpass_refreshed_total", title: "Refreshed", hint: "Tokens exchanged for the next ones" },
  { id: "verified", metric: "hallpass_verified_total", title: "Verified", hint: "Access tokens found valid by Redis" },
  { id: "retried", metric: "hallpass_retried_total", title: "Retried", hint: "Exchanges asked again and answered the same" },
  { id: "shared", metric: "hallpass_shared_total", title: "Shared", hint: "Answers to holders who were a few generations behind" },
  { id: "reused", metric: "hallpass_reused_total", title: "Reused", hint: "Sessions ended because an old token came back", bad: true },
  { id: "recovered", metric: "hallpass_recovered_total", title: "Recovered", hint: "Sessions healed after Redis lost a rotation" },
];

/** Whether a route is for applications, users and gateways: the operator's own, this page's among them, would hide them. */
const isForOthers = ({ route }) => /^\/(sessions|subjects|introspect|verify|token|revoke|me)\b/.test(route);
const isForSessions = ({ command }) => command.startsWith("AUTH.");
const HTTP = "hallpass_http_request_duration_seconds";
const REDIS = "hallpass_redis_command_duration_seconds";
/** Checks that this server answered by itself, where it keeps what Redis has answered. */
const LOCAL_HITS = "hallpass_verify_kept_total";

/** The history of the numbers, and who wants to know of them. */
export class Live {
  /** @type {{ at: number, rates: Record<string, number | undefined>, http: number[], redis: number[], hits?: number }[]} */
  points = [];
  /** @type {Reading | undefined} */
  latest;
  paused = false;
  /** The newest readings, the oldest first. @type {Reading[]} */
  #recent = [];
  #listeners = new Set();
  #timer;

  /** Begins to read. `worked` is told of every success, `failed` of every failure. */
  start(worked, failed) {
    const unlessStopped = (listener) => (value) => this.#timer !== undefined && listener(value);
    const read = () => this.#read().then(unlessStopped(worked), unlessStopped(failed));
    this.#timer = setInterval(() => !this.paused && document.visibilityState === "visible" && read(), INTERVAL);
    read();
  }

  /** Stops, and forgets everything. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.points = this.#recent = [];
    this.latest = undefined;
  }

  /** Calls `listener` after each reading, and at once if there was one. Returns what ends that. */
  follow(listener) {
    this.#listeners.add(listener);
    if (this.latest !== undefined) listener();
    return () => this.#listeners.delete(listener);
  }

  async #read() {
    const reading = new Reading(await readMetrics(), Date.now());
    const before = this.latest;
    // An answer that came after the end, while nothing may move, or together with the next one, is of no use.
    if (this.#timer === undefined || this.paused) return;
    if (before !== undefined && reading.at - before.at < INTERVAL / 2) return;
    this.latest = reading;
    this.#recent = [...this.#recent, reading].slice(-SPREAD - 1);
    if (before !== undefined) this.points = [...this.points, point(this.#recent[0], reading)].slice(-POINTS);
    this.#listeners.forEach((listener) => listener());
  }
}

function point(before, after) {
  const rates = Object.fromEntries(COUNTERS.map(({ id, metric }) => [id, rateBetween(before, after, metric)]));
  const quantiles = (name, wanted) => quantilesBetween(before, after, name, wanted, [0.5, 0.99]);
  return { at: after.at, rates, hits: hits(before, after), http: quantiles(HTTP, isForOthers), redis: quantiles(REDIS, isForSessions) };
}

/** The share of checks that a cache answered: that of this server, without Redis, or that of the module. */
function hits(before, after) {
  const rate = (metric) => rateBetween(before, after, metric) ?? 0;
  const here = rate(LOCAL_HITS);
  const all = here + rate("hallpass_verified_total");
  return all === 0 ? undefined : (here + rate("hallpass_verify_cache_hits_total")) / all;
}
