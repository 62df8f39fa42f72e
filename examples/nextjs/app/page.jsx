import { Suspense } from "react";

import { currentUser, sessionsOf } from "../lib/hallpass.js";
import { LoginForm, LogoutButton } from "./session.jsx";

/** A page for users who are logged in, and a form for others. Its parts load side by side. */
export default async function Page() {
  if (!(await currentUser())) return <LoginForm />;
  return (
    <main>
      <Suspense fallback="…"><Greeting /></Suspense>
      <Suspense fallback="…"><Devices /></Suspense>
      <LogoutButton />
    </main>
  );
}

async function Greeting() {
  const { claims } = await currentUser();
  return <h1>{`Hello ${claims.name}`}</h1>;
}

async function Devices() {
  const answer = await sessionsOf(await currentUser());
  if (!answer.ok) throw new Error(`Hallpass answered ${answer.status}`);
  const { sessions } = await answer.json();
  return (
    <ul>
      {sessions.map(({ sid, current }) => (
        <li key={sid}>{`${sid}${current ? ", this one" : ""}`}</li>
      ))}
    </ul>
  );
}
