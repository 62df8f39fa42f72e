/** The view of one token: what it is, whether it would be accepted, and why not. */

import { explain, inspect, readKeys, readMetadata } from "./api.js";
import { foreign, h, json, terms, view } from "./dom.js";
import { exactly, number } from "./format.js";
import { linkToUser } from "./links.js";
import { readToken, suspicions } from "./token_text.js";

/** What the server would do with a token, by the state that it tells: a verdict, and the reason. */
const REFRESH = {
  current: ["good", "Would be exchanged", "It is the newest refresh token of its session."],
  retry: ["good", "Would get the same answer again", "It was exchanged before, and its holder may not have got the answer: a retry gets the same tokens."],
  shared: ["good", "Would get the newest tokens", "It is a few generations old, which its session allows to several holders."],
  ahead: ["doubt", "Would be taken for the newest", "It is ahead of what Redis remembers: Redis has lost a rotation."],
  reused: ["bad", "Would be refused, and end its session", "It was exchanged before, and no retry can explain it: whoever uses it now counts as a thief."],
  gone: ["bad", "Would be refused", "Its session has ended: by logout, by reuse of an old token, or to make room for another."],
  expired: ["bad", "Would be refused", "Its session has expired."],
};
const ACCESS = {
  current: ["good", "Would be accepted", "Its signature is right and its session is alive."],
  expired: ["bad", "Would be refused", "It has expired. A refresh gets a new one."],
  gone: ["bad", "Would be refused", "Its session has ended."],
  reused: ["bad", "Would be refused", "Its session has ended, since an old refresh token came back."],
  stale: ["bad", "Would be refused", "The claims of its session have changed since. A refresh gets a new one."],
};
const INVALID = ["bad", "Would be refused", "It is not a token that this server would have made."];

/** Makes the view. */
export function tokenView() {
  let question = 0;
  const field = h("textarea", { id: "token", rows: "5", required: true, spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-describedby": "token-hint" });
  const problem = h("p", { class: "problem", role: "alert" });
  const result = h("div", { class: "result", "aria-live": "polite" });
  const form = h(
    "form",
    { class: "card", onsubmit: ask },
    h("label", { for: "token" }, "An access token or a refresh token", field),
    h("p", { class: "hint", id: "token-hint" }, "It is sent to this server alone and kept nowhere. Nothing is exchanged; but asking about a token that is in use shows the server that it arrived, which closes the retry window of the one before it."),
    h("div", { class: "buttons" }, h("button", { type: "submit" }, "Inspect")),
    problem,
  );
  const element = view("token", "Token", form, result);

  async function ask(event) {
    event.preventDefault();
    const mine = ++question;
    const token = readToken(field.value.trim());
    result.replaceChildren();
    problem.textContent = "";
    try {
      const [answer, keys, metadata] = await Promise.all([inspect(token.text), readKeys(), readMetadata()]);
      if (mine === question) result.replaceChildren(...draw(token, answer, keys, metadata.issuer));
    } catch (error) {
      if (mine === question) problem.textContent = explain(error);
    }
  }

  return {
    element,
    show() {
      // A token does not stay on the page longer than somebody looks at it.
      return () => {
        question += 1;
        field.value = "";
        problem.textContent = "";
        result.replaceChildren();
      };
    },
  };
}

function draw(token, answer, keys, issuer) {
  const table = token.kind === "refresh" ? REFRESH : ACCESS;
  const [verdict, headline, reason] = (Object.hasOwn(table, answer.state) && table[answer.state]) || INVALID;
  const doubts = answer.state === "invalid" ? suspicions(token, keys, issuer) : [];
  const isRefused = answer.active === false && verdict === "good";
  return [
    h("div", { class: `card verdict ${isRefused ? "bad" : verdict}` }, h("h2", {}, isRefused ? "Would be refused" : headline), h("p", {}, reason), doubts.length > 0 && h("ul", {}, doubts.map((doubt) => h("li", {}, doubt)))),
    facts(token, answer),
  ];
}

/** What is known of the token: from the server where it knows it, else from the token itself, which may lie. */
function facts(token, answer) {
  const isKnown = answer.state !== "invalid";
  const { payload = {} } = token;
  const of = (name) => answer[name] ?? answer.claims?.[name] ?? payload[name];
  const text = (value) => (value === undefined ? undefined : foreign(typeof value === "string" ? value : JSON.stringify(value)));
  const time = (value) => (typeof value === "number" ? exactly(value) : text(value));
  const sub = of("sub") ?? token.subject;
  return h(
    "div",
    { class: "card" },
    h("h2", {}, isKnown ? "What it is" : "What it says of itself"),
    !isKnown && h("p", { class: "hint" }, "Nobody vouches for any of this."),
    terms([
      ["Kind", { refresh: "Refresh token", access: "Access token (JWT)", unknown: "Not a token of either kind" }[token.kind]],
      ["User", typeof sub === "string" ? linkToUser(sub) : text(sub)],
      ["Session", text(of("sid"))],
      ["Key", text(token.kid)],
      ["Algorithm", text(token.header?.alg)],
      ["Issuer", text(of("iss"))],
      ["Audience", text(of("aud"))],
      ["Client", text(of("client_id"))],
      ["Scope", text(of("scope"))],
      ["Logged in", time(of("auth_time"))],
      [token.kind === "refresh" ? "Last refreshed" : "Issued", time(of("iat"))],
      [token.kind === "refresh" ? "Ends unless used" : "Expires", time(of("exp"))],
      ["Generation of the token", token.kind === "refresh" ? token.generation : payload.gen === undefined ? undefined : text(payload.gen)],
      ["Generation of the session", token.kind === "refresh" && answer.gen !== undefined ? number(answer.gen) : undefined],
      ["Bound to its client", answer.bound === undefined ? undefined : answer.bound ? "yes" : "no"],
    ]),
    answer.claims !== undefined && json("Claims", answer.claims),
    token.header !== undefined && json("Header", token.header),
    answer.claims === undefined && token.payload !== undefined && json("Claims, unverified", token.payload),
  );
}
