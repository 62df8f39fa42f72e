"use client";

/** Login and logout. Both send what a form on another site cannot: JSON, or the header X-Hallpass. */

export function LoginForm() {
  async function logIn(event) {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(event.currentTarget)));
    const answer = await fetch("/login", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.ok) location.reload();
    else alert(answer.status === 401 ? "Name or password is wrong" : "Please try again");
  }
  return (
    <form onSubmit={logIn}>
      <label>Name <input name="name" defaultValue="ada" autoComplete="username" /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" /></label>
      <button>Log in</button>
    </form>
  );
}

export function LogoutButton() {
  async function logOut() {
    const answer = await fetch("/revoke", { method: "POST", headers: { "X-Hallpass": "1" } });
    if (answer.ok) location.reload();
    else alert("Please try again");
  }
  return <button onClick={logOut}>Log out</button>;
}
