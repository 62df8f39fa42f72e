/**
 * Addresses of the views. The part behind `#` names the view and, for users, the subject and the place in the list; it
 * never leaves the browser.
 */

import { foreign, h } from "./dom.js";

/** The address of a user's sessions, from the one with this number on. */
export function addressOfUser(subject, offset = 0) {
  const address = `#users/${encodeURIComponent(subject.toWellFormed())}`;
  return offset > 0 ? `${address}/${offset}` : address;
}

/** A link to a user's sessions. */
export const linkToUser = (subject) => h("a", { href: addressOfUser(subject) }, foreign(subject));

/** Reads an address: `{ view, subject, offset }`. */
export function parseAddress(hash) {
  const [, view = "", encoded, offset = "0"] = /^#([a-z]*)(?:\/([^/]+))?(?:\/(\d{1,7}))?$/.exec(hash) ?? [];
  try {
    return { view, subject: encoded && decodeURIComponent(encoded), offset: Number(offset) };
  } catch {
    return { view, offset: 0 };
  }
}
