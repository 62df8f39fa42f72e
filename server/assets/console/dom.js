/** Makes elements. Text becomes text nodes and attributes, never markup, so whatever META and claims hold stays text. */

const SVG = "http://www.w3.org/2000/svg";

/** Creates an HTML element. Properties that begin with `on` are listeners; children may be text, elements and lists. */
export function h(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

/** Creates an SVG element. */
export function s(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** A view: a section with a heading, which gets the focus when the view is shown. */
export function view(id, title, ...children) {
  const heading = h("h1", { id: `${id}-title`, tabindex: "-1" }, title);
  return h("section", { class: id, "aria-labelledby": `${id}-title` }, heading, children);
}

/** A decorative icon of the page's sprite. */
export function icon(name) {
  return s("svg", { class: "icon", "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));
}

/** Text from elsewhere: isolated, so that its writing direction cannot rearrange what stands around it. */
export function foreign(text, most = 300) {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return h("bdi", { class: "foreign" }, shown);
}

/** A button. */
export function button(label, onclick, properties = {}) {
  return h("button", { type: "button", ...properties, onclick }, label);
}

/** A list of terms and what they are; entries without a value are left out. */
export function terms(entries, properties = {}) {
  const present = entries.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return h("dl", properties, present.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/** JSON, readable, behind a heading that opens it. */
export function json(title, value) {
  const text = JSON.stringify(value, null, 2);
  return h("details", {}, h("summary", {}, title), h("pre", { tabindex: "0", role: "group", "aria-label": title }, h("code", {}, text)));
}

/** Says something to everybody: shown for a while, and read out by screen readers. */
export function say(text) {
  const place = document.querySelector("#said");
  place.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => place.replaceChildren(), 6000);
}
