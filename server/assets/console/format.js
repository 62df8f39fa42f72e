/** Numbers and times for people. */

import { h } from "./dom.js";

const NUMBER = new Intl.NumberFormat("en");
const RATE = new Intl.NumberFormat("en", { maximumSignificantDigits: 2, notation: "compact" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** A whole number. */
export const number = (value) => NUMBER.format(value);

/** A number of times a second. */
export const rate = (value) => `${RATE.format(value < 0.005 ? 0 : value)}/s`;

/** A share of one. */
export const percent = (value) => `${Math.round(value * 100)} %`;

/** A plural, such as "3 sessions". */
export const count = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;

/** A length of time in seconds, short, such as "250 ms" or "10 min". */
export function span(seconds) {
  if (seconds < 1) return `${RATE.format(seconds * 1000)} ms`;
  if (seconds < 60) return `${RATE.format(seconds)} s`;
  if (seconds < 3600) return `${RATE.format(seconds / 60)} min`;
  if (seconds < 172_800) return `${RATE.format(seconds / 3600)} h`;
  return `${number(Math.round(seconds / 86_400))} days`;
}

/** A time of day, of a time in Unix ms. */
export function clock(ms) {
  const date = new Date(ms);
  return isNever(date) ? NEVER : h("time", { datetime: date.toISOString(), title: MOMENT.format(date) }, CLOCK.format(date));
}

/** A day. */
export const day = (seconds) => DAY.format(seconds * 1000);

/** A time in Unix seconds, as how long ago or ahead it is; the exact time is its title. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  if (isNever(date)) return NEVER;
  const exact = MOMENT.format(date);
  return h("time", { datetime: date.toISOString(), title: exact }, relative(seconds - Date.now() / 1000));
}

/** The same with the exact time as its text. */
export function exactly(seconds) {
  const date = new Date(seconds * 1000);
  if (isNever(date)) return NEVER;
  return h("time", { datetime: date.toISOString() }, `${MOMENT.format(date)} (${relative(seconds - Date.now() / 1000)})`);
}

/** What stands for a time that no calendar has. */
const NEVER = "at no time";
const isNever = (date) => Number.isNaN(date.getTime());

function relative(seconds) {
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= 0.95 * length) ?? UNITS.at(-1);
  return RELATIVE.format(Math.round(seconds / length), unit);
}
