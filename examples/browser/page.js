/** The example page: shows what hallpass-browser does. */

import { Hallpass } from "./hallpass.js";

/** The origin of the application; empty when it is the page's own. */
const { api } = document.documentElement.dataset;
const hallpass = new Hallpass({
  loginUrl: `${api}/login`,
  tokenUrl: `${api}/token`,
  revokeUrl: `${api}/revoke`,
  credentials: api ? "include" : "same-origin",
});
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
  const response = await hallpass.fetch(`${api}/api/hello`);
  const body = await response.json();
  if (response.ok) element("user").textContent = body.user;
  note(response.ok ? `The API says: ${body.message}` : `The API refuses: ${response.status}`, !response.ok);
}

/** Shows on how many devices the user is logged in. */
async function countDevices() {
  const response = await hallpass.fetch(`${api}/api/devices`);
  if (response.ok) element("devices").textContent = (await response.json()).sessions.length;
}

/** Ends all sessions of the user. The refresh that follows finds that this one has ended, too. */
async function logOutEverywhere() {
  const response = await hallpass.fetch(`${api}/api/devices`, { method: "DELETE" });
  if (!response.ok) note(`The API refuses: ${response.status}`, true);
  await hallpass.refresh();
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
onClick("everywhere", logOutEverywhere);

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
  Promise.all([callApi(), countDevices()]).catch((error) => note(error.message, true));
});
hallpass.addEventListener("logout", () => {
  show();
  note("Logged out");
});

// For experiments in the browser's console.
globalThis.hallpass = hallpass;

await hallpass.restore().catch((error) => note(error.message, true));
show();
document.body.dataset.ready = "true";
