import { Hallpass } from "hallpass-browser";
import { useSyncExternalStore } from "react";

export const hallpass = new Hallpass({
  loginUrl: `${API}/login`,
  tokenUrl: `${API}/token`,
  revokeUrl: `${API}/revoke`,
  credentials: "include",
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
  return useSyncExternalStore(subscribe, () => hallpass.sessionId, () => null);
}
