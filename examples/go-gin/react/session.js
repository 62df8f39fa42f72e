/** The user's session in this browser, as a store outside of the components. */

import { Hallpass } from "hallpass-browser";
import { useSyncExternalStore } from "react";

/** The origin of the Gin application; empty when it is the page's own. */
export const { api } = document.documentElement.dataset;

export const hallpass = new Hallpass({
  loginUrl: `${api}/login`,
  tokenUrl: `${api}/token`,
  revokeUrl: `${api}/revoke`,
  credentials: api ? "include" : "same-origin",
});

function subscribe(changed) {
  hallpass.addEventListener("login", changed);
  hallpass.addEventListener("logout", changed);
  return () => {
    hallpass.removeEventListener("login", changed);
    hallpass.removeEventListener("logout", changed);
  };
}

/** The id of the user's session; `null` while nobody is logged in. */
export function useSession() {
  return useSyncExternalStore(subscribe, () => hallpass.sessionId);
}
