/** A page with the elements of the example page, made with React. */

import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { hallpass } from "./session.js";
import { useSession } from "./use_session.js";

async function callApi() {
  const response = await hallpass.fetch(`${API}/api/hello`);
  return response.ok ? `The API says: ${(await response.json()).message}` : `The API refuses: ${response.status}`;
}

function Button({ id, action, note, children }) {
  const [isBusy, setBusy] = useState(false);
  const onClick = async () => {
    setBusy(true);
    await action().then(note, (error) => note([error.message]));
    setBusy(false);
  };
  return <button id={id} disabled={isBusy} onClick={onClick}>{children}</button>;
}

function Login({ isHidden, note }) {
  const onSubmit = (event) => {
    event.preventDefault();
    hallpass.login(Object.fromEntries(new FormData(event.currentTarget))).catch((error) => note([error.message]));
  };
  return (
    <form id="login" hidden={isHidden} onSubmit={onSubmit}>
      <input name="name" defaultValue="ada" autoComplete="username" />
      <input name="password" type="password" autoComplete="current-password" />
      <button>Log in</button>
    </form>
  );
}

function App() {
  const session = useSession();
  const [isReady, setReady] = useState(false);
  const [lines, setLines] = useState([]);
  const note = (more) => setLines((before) => [...more, ...before]);
  useEffect(() => {
    hallpass.restore().catch((error) => note([error.message])).finally(() => setReady(true));
  }, []);
  useEffect(() => {
    if (isReady) document.body.dataset.ready = "true";
  }, [isReady]);
  useEffect(() => {
    if (session) callApi().then((line) => note([line]));
  }, [session]);
  return (
    <>
      <Login isHidden={session !== null} note={note} />
      <section id="session" hidden={session === null}>
        <Button id="five" note={note} action={() => Promise.all(Array.from({ length: 5 }, callApi))}>Five calls</Button>
        <Button id="refresh" note={note} action={async () => [(await hallpass.refresh()) ? "Refreshed" : "Not logged in"]}>Refresh</Button>
        <Button id="logout" note={note} action={async () => [(await hallpass.logout()) ?? "Out"]}>Log out</Button>
      </section>
      <ol id="events">{lines.map((line, index) => <li key={lines.length - index}>{line}</li>)}</ol>
    </>
  );
}

createRoot(document.getElementById("root")).render(<App />);
