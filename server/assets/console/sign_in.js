/** The form that asks for a client's credentials. */

import { Refusal, explain, forgetCredentials, readKeys, useCredentials } from "./api.js";
import { h, view } from "./dom.js";

/** Makes the view. `enter` is called once the credentials have proved right. */
export function signIn(enter) {
  const id = h("input", { id: "client", required: true, value: "local", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const secret = h("input", { id: "secret", type: "password", required: true, autocomplete: "off", "aria-describedby": "secret-hint" });
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = h("button", { type: "submit" }, "Sign in");
  const element = view(
    "sign-in",
    "Sign in",
    h("p", { class: "hint" }, "As a client with the scope “manage”. With the private Redis that is the client local, whose secret is in the file client-secret of the data directory."),
    h("form", { class: "card", onsubmit }, h("label", { for: "client" }, "Client id", id), h("label", { for: "secret" }, "Client secret", secret), h("p", { class: "hint", id: "secret-hint" }, "Kept in the memory of this page only; a reload forgets it."), problem, submit),
  );

  async function onsubmit(event) {
    event.preventDefault();
    submit.disabled = true;
    problem.textContent = "";
    useCredentials(id.value, secret.value.trim());
    try {
      await readKeys();
      succeed();
    } catch (error) {
      // Who is known is let in, though Redis cannot be asked.
      if (error instanceof Refusal && error.status === 503) succeed();
      else fail(error);
    } finally {
      submit.disabled = false;
    }
  }

  function succeed() {
    secret.value = "";
    enter();
  }

  function fail(error) {
    forgetCredentials();
    problem.textContent = explain(error);
    secret.select();
  }

  return {
    element,
    show(reason = "") {
      problem.textContent = reason;
      secret.focus({ preventScroll: true });
    },
  };
}
