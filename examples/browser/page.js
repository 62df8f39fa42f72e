/** The example page: shows what hallpass.js does. */

import { Hallpass } from "./hallpass.js";

const hallpass = new Hallpass();
const element = (id) => document.getElementById(id);

/** Adds a line to the list, the newest first. */
function note(text, isBad = false) {
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const line = document.createElement("li");
  line.classList.toggle("bad", isBad);
  line.append(time, text);
  element("events").prepend(line);
}

/** Shows the form, or the session. */
function show() {
  element("login").hidden = hallpass.isLoggedIn;
  element("session").hidden = !hallpass.isLoggedIn;
  element("sid").textContent = hallpass.sessionId ?? "";
}

/** Calls the protected endpoint, and says how that went. */
async function callApi() {
  const response = await hallpass.fetch("/api/hello");
  const body = await response.json();
  if (response.ok) element("user").textContent = body.user;
  note(response.ok ? `The API says: ${body.message}` : `The API refuses: ${response.status}`, !response.ok);
}

/** Runs what a button does, while it is disabled; whatever fails is noted. */
function onClick(id, action) {
  element(id).addEventListener("click", async ({ currentTarget: button }) => {
    button.disabled = true;
    try {
      await action();
    } catch (error) {
      note(error.message, true);
    } finally {
      button.disabled = false;
    }
  });
}

onClick("call", callApi);
onClick("five", () => Promise.all(Array.from({ length: 5 }, callApi)));
onClick("refresh", async () => note((await hallpass.refresh()) ? "Refreshed" : "Not logged in any more"));
onClick("logout", () => hallpass.logout());

element("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  try {
    await hallpass.login(Object.fromEntries(new FormData(form)));
    form.elements.password.value = "";
  } catch (error) {
    note(error.message, true);
  }
});

hallpass.addEventListener("login", () => {
  show();
  note("Logged in");
  callApi().catch((error) => note(error.message, true));
});
hallpass.addEventListener("logout", () => {
  show();
  note("Logged out");
});

// For trying things out in the browser's console.
globalThis.hallpass = hallpass;

await hallpass.restore().catch((error) => note(error.message, true));
show();
document.body.dataset.ready = "true";
