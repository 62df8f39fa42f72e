/** Finds the device and the place of a session in its META, whose members are the application's own. */

const text = (value) => (typeof value === "string" || typeof value === "number" ? String(value).trim() : "");

/** The first member that is there, by any of these names. */
function pick(meta, ...names) {
  return names.map((name) => text(meta[name])).find((value) => value !== "");
}

const BROWSERS = [
  ["Edge", /\bEdg(?:e|A|iOS)?\//],
  ["Opera", /\bOPR\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:Chrome|CriOS)\//],
  ["Safari", /\bSafari\//],
  ["curl", /^curl\//],
];
const SYSTEMS = [
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Android", /\bAndroid\b/],
  ["Windows", /\bWindows\b/],
  ["Mac", /\bMac OS X\b|\bMacintosh\b/],
  ["Linux", /\bLinux\b/],
];

/** A user agent in two words. */
function agentName(agent) {
  if (agent === undefined) return undefined;
  const found = (table) => table.find(([, pattern]) => pattern.test(agent))?.[0];
  const [browser, system] = [found(BROWSERS), found(SYSTEMS)];
  if (browser === undefined && system === undefined) return agent;
  return [browser, system].filter(Boolean).join(" on ");
}

/** The icon for what is known of a device. */
function iconOf(known) {
  if (/phone|mobile|ios|android|tablet|ipad|app/i.test(known)) return "phone";
  if (/cli|agent|curl|terminal|server|bot|api|token/i.test(known)) return "terminal";
  return /web|browser|desktop|laptop|windows|mac|linux|chrome|firefox|safari/i.test(known) ? "computer" : "other";
}

/** Says where a session is: `{ device, place, icon }`, text from META or from its class. */
export function whereabouts({ meta = {}, class: kind }) {
  const agent = pick(meta, "user_agent", "userAgent", "ua", "agent", "browser");
  const device = pick(meta, "device", "device_name", "deviceName", "name", "model") ?? agentName(agent) ?? kind;
  const named = pick(meta, "place", "location") ?? [pick(meta, "city"), pick(meta, "region"), pick(meta, "country")].filter(Boolean).join(", ");
  const address = pick(meta, "ip", "ip_address", "address", "remote_addr");
  const place = [named, address].filter(Boolean).join(" · ");
  return { device: device ?? "Unnamed device", place, icon: iconOf([kind, device, agent].filter(Boolean).join(" ")) };
}
