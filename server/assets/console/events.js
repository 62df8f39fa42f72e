/** The stream of security events, read with fetch, since an EventSource sends no credentials. */

import { Refusal, send } from "./api.js";

/** How many events the page keeps. */
const MOST = 500;
/** The time until the next attempt after a stream has ended, doubled with each attempt that fails. */
const PAUSE = 1000;
const LONGEST_PAUSE = 15_000;
/** The time for which news is collected before anybody is told, so that a flood of it costs no more than a trickle. */
const COLLECT = 200;

/** The mark of a place where events may be missing. */
export const GAP = Symbol("gap");

/** The events so far, and who wants to know of them. */
export class Events {
  /** The events that were told, as published, and gaps; the newest last. @type {(object | typeof GAP)[]} */
  list = [];
  isLive = false;
  /** When it began to listen, in ms by the clock of the server. @type {number | undefined} */
  began;
  #paused = false;
  #seen = new Set();
  #news = [];
  #timer;
  #last;
  #listeners = new Set();
  #stop = new AbortController();

  /** Begins to listen. `refused` is told when the server does not take the credentials any more. */
  async start(refused) {
    const { signal } = (this.#stop = new AbortController());
    for (let pause = PAUSE; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await this.#listen(signal, () => (pause = PAUSE));
      } catch (error) {
        if (error instanceof Refusal && (error.status === 401 || error.status === 403)) return refused(error);
      }
      if (signal.aborted) return;
      this.#set(false);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Stops, and forgets everything. */
  stop() {
    this.#stop.abort();
    this.list = [];
    this.#seen.clear();
    this.#news = [];
    this.#last = this.began = undefined;
    this.isLive = false;
  }

  /** Tells nobody anything for as long as this is true; afterwards, everything at once. */
  set paused(paused) {
    this.#paused = paused;
    this.#tell();
  }

  /** Calls `listener` soon after each change, with the events that are new. Returns what ends that. */
  follow(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #listen(signal, connected) {
    const headers = this.#last === undefined ? {} : { "Last-Event-ID": this.#last };
    const response = await send("GET", "events", { headers, signal });
    this.began ??= Date.parse(response.headers.get("Date"));
    connected();
    this.#set(true);
    for await (const message of messages(response.body)) this.#take(message);
  }

  #set(isLive) {
    this.isLive = isLive;
    this.#tell();
  }

  #tell() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#paused) return;
      const news = this.#news.splice(0);
      this.list = [...this.list, ...news].slice(-MOST);
      this.#listeners.forEach((listener) => listener(news));
    }, COLLECT);
  }

  #take({ id, event, data }) {
    this.#last = id ?? this.#last;
    if (event === "reset") return this.#add(GAP);
    // After a gap the server tells all that it remembers, part of which may be known.
    if (data === undefined || this.#seen.has(data)) return;
    this.#seen.add(data);
    this.#add(JSON.parse(data));
  }

  #add(entry) {
    this.#news = [...this.#news, entry].slice(-MOST);
    if (this.#seen.size > MOST) this.#seen.delete(this.#seen.values().next().value);
    this.#tell();
  }
}

/** Splits a body into the messages of an event stream (WHATWG HTML §9.2.6). */
async function* messages(body) {
  let rest = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) yield message(block);
  }
}

function message(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    fields[name] = name === "data" && fields.data !== undefined ? `${fields.data}\n${value}` : value;
  }
  return fields;
}
