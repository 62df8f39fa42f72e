/** The page of the Gin example: login, a protected call, the list of devices, logout here and everywhere. */

import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { api, hallpass, useSession } from "./session.js";

/** Calls the protected API. The access token is added, and refreshed silently when it has expired. */
async function call(path, init) {
  const response = await hallpass.fetch(`${api}${path}`, init);
  if (!response.ok) throw new Error(`The API refuses: ${response.status}`);
  return response.json();
}

/** Ends all sessions of the user. The refresh that follows finds that this one has ended, too. */
async function logOutEverywhere() {
  await call("/api/devices", { method: "DELETE" });
  await hallpass.refresh();
}

function Login({ run }) {
  const submit = (event) => {
    event.preventDefault();
    const credentials = Object.fromEntries(new FormData(event.currentTarget));
    run(() => hallpass.login(credentials));
  };
  return (
    <form id="login" onSubmit={submit}>
      <label>Name <input name="name" defaultValue="ada" autoComplete="username" required /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
      <button>Log in</button>
    </form>
  );
}

function Device({ device: { current, meta, issued_at } }) {
  const since = new Date(issued_at * 1000).toLocaleString();
  return <li>{meta?.agent ?? "A device"}, since {since}{current && " (this one)"}</li>;
}

/** What a user sees after the login. */
function Account({ run }) {
  const [greeting, setGreeting] = useState("…");
  const [devices, setDevices] = useState([]);
  const load = async () => {
    const [hello, list] = await Promise.all([call("/api/hello"), call("/api/devices")]);
    setGreeting(hello.message);
    setDevices(list.sessions);
  };
  useEffect(() => void run(load), []);
  return (
    <section id="account">
      <h2>{greeting}</h2>
      <ul>{devices.map((device) => <Device key={device.sid} device={device} />)}</ul>
      <div className="buttons">
        <button id="load" onClick={() => run(load)}>Load again</button>
        <button id="logout" onClick={() => run(() => hallpass.logout())}>Log out</button>
        <button id="everywhere" onClick={() => run(logOutEverywhere)}>Log out everywhere</button>
      </div>
    </section>
  );
}

function App({ problem }) {
  const session = useSession();
  const [message, setMessage] = useState(problem);
  /** Does something, and shows why it failed. */
  const run = (action) => action().then(() => setMessage(""), (error) => setMessage(error.message));
  return (
    <>
      <h1>Hallpass with Gin and React</h1>
      {session ? <Account key={session} run={run} /> : <Login run={run} />}
      <p id="message" role="status">{message}</p>
    </>
  );
}

// Asks once whether the user is still logged in. An outage logs nobody out, but then it is not known.
const problem = await hallpass.restore().then(() => "", (error) => error.message);
createRoot(document.querySelector("main")).render(<App problem={problem} />);
