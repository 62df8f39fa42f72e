/** The view of the keyring: which keys are in use, and from when until when. */

import { explain, readKeys } from "./api.js";
import { foreign, h, view } from "./dom.js";
import { day, exactly } from "./format.js";

const DAY = 86_400;
/** How much time the line shows at least, before and after now. */
const MARGIN = 30 * DAY;
/** From how far away on a limit is drawn as if there was none. */
const FAR = 800 * DAY;

const USES = { sig: "Signing keys, for access tokens", refresh: "Refresh keys, for refresh tokens" };
const STATUS = {
  next: "published, not in use yet",
  active: "makes the new tokens",
  retiring: "still accepted",
  expired: "not accepted any more",
};

/** Makes the view. */
export function keysView() {
  const problem = h("p", { class: "problem", role: "alert" });
  const groups = h("div");
  const element = view("keyring", "Keys", problem, groups);

  async function load() {
    try {
      const keys = await readKeys();
      problem.textContent = "";
      groups.replaceChildren(...draw(keys));
    } catch (error) {
      problem.textContent = explain(error);
    }
  }

  return {
    element,
    show() {
      load();
      const timer = setInterval(load, 30_000);
      return () => clearInterval(timer);
    },
  };
}

function draw(keys) {
  const now = Date.now() / 1000;
  const line = timeLine(keys, now);
  return Object.entries(USES).map(([use, title]) => {
    const mine = keys.filter((key) => key.use === use);
    return h("div", { class: "card" }, h("h2", {}, title), mine.length === 0 ? h("p", { class: "empty" }, "None.") : [h("ul", { class: "keys" }, mine.map((key) => row(key, line))), axis(line)]);
  });
}

/** The time that is shown: all limits that are near, and some days around now. */
function timeLine(keys, now) {
  const limits = keys.flatMap(({ nbf, exp }) => [nbf, exp]).filter((limit) => limit !== undefined && Math.abs(limit - now) < FAR);
  const from = Math.min(now - MARGIN, ...limits.map((limit) => limit - 5 * DAY));
  const to = Math.max(now + MARGIN, ...limits.map((limit) => limit + 5 * DAY));
  const place = (time) => (100 * (Math.min(to, Math.max(from, time)) - from)) / (to - from);
  return { from, to, now, place };
}

/** One key: what it is, and a bar from when it is used until when it is accepted. */
function row({ kid, alg, status, nbf, exp }, { from, to, now, place }) {
  const [start, end] = [nbf ?? from, exp ?? to];
  const bar = h("span", { class: `span ${status}${nbf === undefined || nbf < from ? " open-start" : ""}${exp === undefined || exp > to ? " open-end" : ""}` });
  bar.style.left = `${place(start)}%`;
  bar.style.width = `${Math.max(0.5, place(end) - place(start))}%`;
  const mark = h("span", { class: "now" });
  mark.style.left = `${place(now)}%`;
  return h(
    "li",
    {},
    h("div", { class: "what" }, h("p", { class: "kid" }, h("code", {}, foreign(kid))), h("p", {}, foreign(alg), " ", h("span", { class: `badge ${status}` }, foreign(status)), " ", STATUS[status])),
    h("div", { class: "track", "aria-hidden": "true" }, bar, mark),
    h("p", { class: "limits" }, "Used ", nbf === undefined ? "from the beginning" : ["from ", exactly(nbf)], ", accepted ", exp === undefined ? "without end" : ["until ", exactly(exp)]),
  );
}

function axis({ from, to, now, place }) {
  const mark = h("span", { class: "today" }, "now");
  mark.style.left = `${place(now)}%`;
  return h("div", { class: "axis", "aria-hidden": "true" }, h("span", {}, day(from)), mark, h("span", {}, day(to)));
}
