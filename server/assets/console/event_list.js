/** Security events as lists, and the view of them as they happen. */

import { button, foreign, h, json, say, view } from "./dom.js";
import { GAP } from "./events.js";
import { clock, count, span } from "./format.js";
import { linkToUser } from "./links.js";

/** How many events the view shows. */
const MOST = 200;

/** What each kind of event means. */
const KINDS = {
  reused: "An old refresh token came back",
  revoked: "Sessions were ended",
  evicted: "Sessions made room for another",
  recovered: "Redis had lost a rotation; the session goes on",
  issued: "A session began",
  claims: "Claims were changed",
};
const OTHER = "other";
const QUIET = "Nothing has happened since this server listens.";

const kindOf = ({ event }) => (Object.hasOwn(KINDS, event) ? event : OTHER);

/** One event as an item of a list. */
export function eventRow(event, more) {
  if (event === GAP) return h("li", { class: "gap" }, "Events may be missing here.");
  const kind = kindOf(event);
  const badge = h("span", { class: `badge ${kind}` }, foreign(String(event.event), 40));
  const user = typeof event.sub === "string" ? linkToUser(event.sub) : "an unknown user";
  return h("li", {}, clock(event.at), badge, h("p", {}, user, " ", h("span", { class: "what" }, describe(kind, event))), more);
}

function describe(kind, event) {
  const facts = [
    KINDS[kind],
    event.count > 1 && count(event.count, "session"),
    Number.isInteger(event.distance) && `${count(event.distance, "generation")} old`,
    Number.isFinite(event.age) && `${span(event.age / 1000)} after the last rotation`,
    event.seen === true && "its successor was in use",
  ];
  return facts.filter(Boolean).join(", ");
}

/** Draws the newest events into a list. */
export function drawNewest(list, nothing, events, most) {
  const newest = events.list.slice(-most).reverse();
  list.replaceChildren(...newest.map((event) => eventRow(event)));
  nothing.hidden = newest.length > 0;
  nothing.textContent = QUIET;
}

/** Makes the view. */
export function eventList(events) {
  const list = h("ol", { class: "events", onpointerleave: settle, onfocusout: settle });
  const nothing = h("p", { class: "empty" });
  /** Events that wait until nobody reads in the list. */
  let waiting = [];
  const fresh = button("", catchUp, { class: "quiet fresh", hidden: true });
  const shown = new Set([...Object.keys(KINDS), OTHER]);
  const search = h("input", { type: "search", id: "events-user", autocomplete: "off", spellcheck: "false", oninput: redraw });
  const state = h("p", { class: "live" });
  const element = view(
    "happenings",
    "Security events",
    h("div", { class: "card filters" }, h("div", {}, state, fresh), h("fieldset", {}, h("legend", {}, "Kinds"), [...shown].map(box)), h("label", { for: "events-user" }, "Subject begins with", search)),
    h("div", { class: "card" }, list, nothing),
  );

  function box(kind) {
    const onchange = ({ target }) => {
      if (target.checked) shown.add(kind);
      else shown.delete(kind);
      redraw();
    };
    return h("label", { class: "box" }, h("input", { type: "checkbox", checked: true, onchange }), kind);
  }

  const isWanted = (event) => event === GAP || (shown.has(kindOf(event)) && String(event.sub ?? "").startsWith(search.value));

  function redraw() {
    list.replaceChildren();
    waiting = [];
    add(events.list);
  }

  /** Takes what is new: puts it on top, or keeps it back while somebody reads there, so that nothing moves away. */
  function add(news) {
    waiting = [...waiting, ...news.filter(isWanted)].slice(-MOST);
    if (isRead()) announce();
    else catchUp();
  }

  const isRead = () => list.matches(":hover, :focus-within") || list.querySelector("details[open]") !== null;

  function settle() {
    // The focus, or the pointer, may just go to another place in the list.
    setTimeout(() => isRead() || catchUp());
  }

  function catchUp() {
    list.prepend(...waiting.reverse().map((event) => eventRow(event, event !== GAP && json("Details", event))));
    while (list.childElementCount > MOST) list.lastElementChild.remove();
    waiting = [];
    announce();
  }

  function announce() {
    fresh.hidden = waiting.length === 0;
    fresh.textContent = count(waiting.length, "new event");
    nothing.hidden = list.childElementCount > 0;
    nothing.textContent = events.list.length === 0 ? QUIET : "No event fits the filter.";
    state.textContent = events.isLive ? "Live" : "Not connected";
    state.classList.toggle("on", events.isLive);
  }

  return {
    element,
    show() {
      redraw();
      return events.follow(add);
    },
  };
}

/** Reads out what nobody should miss, unless it is long ago. */
export function announceThefts(events) {
  events.follow((news) => {
    const theft = news.findLast((event) => event !== GAP && event.event === "reused" && event.at >= events.began);
    if (theft !== undefined) say(`An old refresh token of ${theft.sub} came back: its session has ended.`);
  });
}
