/** The console: asks for credentials, then shows one view at a time, which the address names. */

import { explain, forgetCredentials } from "./api.js";
import { h } from "./dom.js";
import { announceThefts, eventList } from "./event_list.js";
import { Events } from "./events.js";
import { keysView } from "./keys.js";
import { parseAddress } from "./links.js";
import { Live } from "./live.js";
import { overview } from "./overview.js";
import { sessionsView } from "./sessions.js";
import { signIn } from "./sign_in.js";
import { tokenView } from "./token.js";

let main = document.querySelector("main");
const nav = document.querySelector("nav");
const controls = document.querySelector(".controls");
const pause = document.querySelector("#pause");
const trouble = document.querySelector("#trouble");

const live = new Live();
const events = new Events();
const door = signIn(enter);
let views;
/** Ends what the view on the page does in the background. */
let leave = () => {};

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.querySelector("#sign-out").addEventListener("click", () => exit());
pause.addEventListener("click", () => setPaused(pause.getAttribute("aria-pressed") !== "true"));
addEventListener("hashchange", () => views && route());
announceThefts(events);
document.querySelector(".demo").hidden = !("demo" in document.body.dataset);
exit();

/** Shows the views, once the credentials have proved right. */
function enter() {
  views = { overview: overview(live, events), users: sessionsView(), token: tokenView(), keys: keysView(), events: eventList(events) };
  nav.hidden = controls.hidden = false;
  renew();
  live.start(() => live.latest && tell(outage(live.latest)), (error) => tell(explain(error)));
  // The credentials may be taken away while the page is open.
  events.start((refusal) => exit(explain(refusal)));
  route();
}

/** Forgets the credentials and everything that was read with them, and asks for others. */
function exit(reason) {
  forgetCredentials();
  live.stop();
  events.stop();
  setPaused(false);
  leave();
  leave = () => {};
  views = undefined;
  nav.hidden = controls.hidden = true;
  tell("");
  document.title = "Hallpass console";
  renew();
  main.append(door.element);
  door.show(reason);
}

/** Begins with an empty page: one that is filled again where it is would be seen to move aside for the navigation. */
function renew() {
  const empty = h("main", { id: "content", tabindex: "-1" });
  main.replaceWith(empty);
  main = empty;
}

/** Shows the view that the address names. */
function route() {
  const { view, subject, offset } = parseAddress(location.hash);
  const name = Object.hasOwn(views, view) ? view : "overview";
  leave();
  for (const link of nav.querySelectorAll("a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const { element, show } = views[name];
  if (!element.isConnected) {
    main.replaceChildren(element);
    const title = element.querySelector("h1");
    document.title = `${title.textContent} – Hallpass console`;
    title.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  leave = show(subject, offset) ?? (() => {});
}

function setPaused(isPaused) {
  pause.setAttribute("aria-pressed", String(isPaused));
  live.paused = events.paused = isPaused;
}

/** Says which nodes are away, if any are. */
function outage(reading) {
  const away = reading.all("hallpass_redis_up").filter(({ value }) => value !== 1);
  if (away.length === 0) return "";
  const names = away.map(({ labels }) => labels.node ?? "Redis").join(", ");
  return `${names} ${away.length === 1 ? "does" : "do"} not answer. No session ends because of that.`;
}

/** Shows what is wrong for as long as it is. */
function tell(text) {
  if (trouble.textContent !== text) trouble.textContent = text;
}
