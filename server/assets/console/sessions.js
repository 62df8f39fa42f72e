/** The view of a user's sessions: where they are logged in, page by page, and how to end or change that. */

import { endSession, endSessions, explain, readSessions, setClaims } from "./api.js";
import { ask } from "./dialog.js";
import { button, foreign, h, icon, json, say, terms, view } from "./dom.js";
import { whereabouts } from "./device.js";
import { count, moment, number } from "./format.js";
import { addressOfUser } from "./links.js";

/** How many sessions a page has. */
const PAGE = 50;

/** Makes the view. */
export function sessionsView() {
  let subject;
  let offset = 0;
  /** Counts the questions, so that a late answer to an earlier one is dropped. */
  let question = 0;

  const field = h("input", { id: "subject", required: true, autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "255", pattern: "(?!\\.{1,2}$).+", title: "Neither . nor .. is a subject", placeholder: "for example 42" });
  const form = h("form", { class: "find", role: "search", onsubmit: find }, h("label", { for: "subject" }, "Subject, as the application calls the user"), h("div", { class: "field" }, field, h("button", { type: "submit" }, "Find")));
  const problem = h("p", { class: "problem", role: "alert" });
  const list = h("ul", { class: "sessions" });
  const title = h("h2", { id: "user-title", tabindex: "-1" });
  const range = h("p", { class: "range", role: "status" });
  const newer = button("Newer", () => turn(-PAGE), { class: "quiet" });
  const older = button("Older", () => turn(PAGE), { class: "quiet" });
  const endAll = button("End all…", () => end("all"), { class: "quiet danger" });
  const claimAll = button("Claims of all…", () => change(), { class: "quiet" });
  const found = h(
    "div",
    { class: "found", hidden: true },
    h("div", { class: "head" }, title, range, h("div", { class: "buttons" }, newer, older, claimAll, endAll)),
    list,
  );
  const element = view("users", "Users", form, problem, found);

  function find(event) {
    event.preventDefault();
    go(field.value, 0);
  }

  const turn = (by) => go(subject, Math.max(0, offset + by));

  /** Goes to an address, so that the browser's back leads here again; or reads again what is there. */
  function go(subject, offset) {
    const address = addressOfUser(subject, offset);
    if (location.hash === address) load();
    else location.hash = address;
  }

  /** Asks for the sessions and shows them. */
  async function load() {
    const mine = ++question;
    range.textContent = "Reading…";
    element.setAttribute("aria-busy", "true");
    try {
      // One more than are shown tells whether there are older ones.
      const sessions = await readSessions(subject, offset, PAGE + 1);
      if (mine === question) draw(sessions);
    } catch (error) {
      if (mine === question) fail(error);
    } finally {
      if (mine === question) element.removeAttribute("aria-busy");
    }
  }

  function draw(sessions) {
    problem.textContent = "";
    found.hidden = false;
    title.replaceChildren("Sessions of ", foreign(subject));
    const shown = sessions.slice(0, PAGE);
    list.replaceChildren(...shown.map(card));
    range.textContent = describeRange(offset, shown.length, sessions.length > PAGE);
    newer.disabled = offset === 0;
    older.disabled = sessions.length <= PAGE;
    endAll.disabled = claimAll.disabled = shown.length === 0 && offset === 0;
  }

  function fail(error) {
    problem.textContent = explain(error);
    range.textContent = "";
  }

  /** A session, with what can be done about it. */
  function card(session) {
    const { device, place, icon: name } = whereabouts(session);
    const { sid, meta, claims } = session;
    const label = `of ${device}`;
    const facts = terms([
      ["Last used", moment(session.last_used_at)],
      ["Logged in", moment(session.issued_at)],
      ["Ends unless used", moment(session.expires_at)],
      ["Ends in any case", moment(session.ends_at)],
      ["Client", session.client && foreign(session.client)],
      ["Generation", number(session.gen)],
    ]);
    return h(
      "li",
      { class: "card session" },
      h("div", { class: "who" }, icon(name), h("div", {}, h("h3", {}, foreign(device, 120)), h("p", {}, place === "" ? "Place unknown" : foreign(place, 120))), session.class !== undefined && session.class !== device && h("span", { class: "badge" }, foreign(session.class))),
      facts,
      h("div", { class: "more" }, h("p", { class: "sid" }, "Session ", h("code", {}, foreign(sid))), meta && json("META", meta), claims && json("Claims", claims)),
      h(
        "div",
        { class: "buttons" },
        button("Claims…", () => change(session), { class: "quiet", "aria-label": `Claims ${label}` }),
        button("End others…", () => end("others", session, device), { class: "quiet", "aria-label": `End others than ${device}` }),
        button("End…", () => end("one", session, device), { class: "quiet danger", "aria-label": `End the session ${label}` }),
      ),
    );
  }

  async function end(which, session, device) {
    const { words, confirm, act } = {
      one: () => ({ words: ["End the session of ", foreign(device), "?"], confirm: "End this session", act: () => endSession(subject, session.sid) }),
      others: () => ({ words: ["End every session but the one of ", foreign(device), "?"], confirm: "End the others", act: () => endSessions(subject, session.sid) }),
      all: () => ({ words: ["End every session of ", foreign(subject), "?"], confirm: "End all", act: () => endSessions(subject) }),
    }[which]();
    const content = h("p", {}, words, " Whoever uses it is logged out with the next request.");
    const ended = await ask({ title: confirm, content, confirm, isDangerous: true, act, explain });
    await done(ended, (ended) => `${count(ended, "session")} ended`);
  }

  /** Changes the claims of one session, or of all. */
  async function change(session) {
    const claims = h("textarea", { id: "claims", rows: "10", spellcheck: "false", autocomplete: "off" }, JSON.stringify(session?.claims ?? {}, null, 2));
    const hint = "A JSON object, which replaces the claims as they are. Access tokens count as stale until they are refreshed.";
    const content = [h("p", { id: "claims-hint" }, hint), h("label", { for: "claims" }, session === undefined ? "Claims of all sessions" : "Claims of this session", claims)];
    claims.setAttribute("aria-describedby", "claims-hint");
    const title = session === undefined ? "Change the claims of all sessions" : "Change the claims of one session";
    // Sent as it was typed: the module judges it, repeated members included.
    const changed = await ask({ title, content, confirm: "Change", act: () => setClaims(subject, session?.sid, claims.value), explain });
    await done(changed, (changed) => `Claims of ${count(changed, "session")} changed`);
  }

  async function done(result, words) {
    if (result === undefined) return;
    say(words(result));
    await load();
    title.focus({ preventScroll: true });
    // A page beyond the last session is left.
    if (list.childElementCount === 0 && offset > 0) go(subject, 0);
  }

  return {
    element,
    show(wanted, from) {
      if (wanted === undefined) return field.focus({ preventScroll: true });
      if (wanted !== subject) found.hidden = true;
      [subject, offset, field.value] = [wanted, from, wanted];
      load();
    },
  };
}

function describeRange(offset, shown, hasMore) {
  if (shown === 0) return offset === 0 ? "Not logged in anywhere." : "No more sessions.";
  if (offset === 0 && !hasMore) return count(shown, "session");
  return `Sessions ${number(offset + 1)} to ${number(offset + shown)}${hasMore ? ", and more" : ""}`;
}
