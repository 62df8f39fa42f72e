/** Dialogs that ask before something is ended or changed. */

import { button, h } from "./dom.js";

/**
 * Opens a dialog with a form. `act` does what the dialog is for and may throw what `explain` puts into words; then the
 * dialog stays open. Resolves with the result of `act`, or with `undefined` if the dialog was closed.
 */
export function ask({ title, content, confirm, isDangerous = false, act, explain }) {
  return new Promise((resolve) => {
    let result;
    const problem = h("p", { class: "problem", role: "alert" });
    const submit = h("button", { type: "submit", class: isDangerous ? "danger" : "" }, confirm);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: finish });
    const cancel = button("Cancel", () => dialog.close(), { class: "quiet", autofocus: isDangerous });
    const form = h("form", { onsubmit }, h("h2", { id: "dialog-title" }, title), content, problem, h("div", { class: "buttons" }, submit, cancel));
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();

    async function onsubmit(event) {
      event.preventDefault();
      submit.disabled = true;
      try {
        result = await act();
        dialog.close();
      } catch (error) {
        problem.textContent = explain(error);
      } finally {
        submit.disabled = false;
      }
    }

    function finish() {
      dialog.remove();
      resolve(result);
    }
  });
}
