/** What an application does with the package, under the strictest checks of TypeScript; see types.mjs. */

import { Hallpass, HallpassError } from "hallpass-browser";

const hallpass = new Hallpass({ tokenUrl: "/auth/token", credentials: "include", origins: ["https://api.example.com"] });
hallpass.addEventListener("logout", () => console.log("logged out"));

/** @param {string} name */
export async function orders(name) {
  if (!(await hallpass.restore())) {
    await hallpass.login({ subject_token: "a.b.c", nonce: "1" });
    const { access_token, expires_in, scope } = await hallpass.login({ name });
    console.log(access_token.length, expires_in + 1, scope?.split(" "));
  }
  const session = hallpass.sessionId;
  console.log(session?.toUpperCase(), hallpass.isLoggedIn && (await hallpass.refresh()));
  try {
    const response = await hallpass.fetch(new URL("https://api.example.com/orders"), { method: "POST", body: "{}" });
    return response.ok;
  } catch (error) {
    if (!(error instanceof HallpassError && error.isTemporary)) throw error;
    console.log(error.code.trim(), error.status + 1);
    return false;
  } finally {
    await hallpass.logout();
  }
}

// What is wrong is found out. @ts-expect-error is itself an error above a line without one.
// @ts-expect-error
new Hallpass({ credentials: "yes" });
// @ts-expect-error
new Hallpass({ token_url: "/token" });
// @ts-expect-error
hallpass.sessionId.length;
// @ts-expect-error
hallpass.sessionId = "another";
// @ts-expect-error
hallpass.fetch();
// @ts-expect-error
hallpass.login("a.b.c");
