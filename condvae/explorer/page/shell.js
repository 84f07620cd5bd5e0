// What every page has around its model: sentences, files, undo, the address.

import { readContent } from "./content.js";

// that undo by themselves
const FIELDS = "input:not([type=range], [type=checkbox], [type=radio])";

export const element = (id) => document.getElementById(id);

/** Says a sentence to those who see the page and to those who hear it. */
export function say(sentence) {
  element("message").textContent = sentence;
  element("message").hidden = !sentence;
}

/** Hands a file over, as a download. */
export function download(blob, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  // not at once: the browser may still ask where to save it
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60000);
}

/** What the page holds, a line for each model, and the page opened; null after saying why not. */
export async function openContents() {
  addEventListener("error", ({ message }) =>
    say(`Something went wrong (${message}). Reload the page.`),
  );
  addEventListener("unhandledrejection", ({ reason }) =>
    say(`Something went wrong (${reason?.message ?? reason}). Reload the page.`),
  );
  if (!globalThis.DecompressionStream) {
    say("This browser is too old for the page: take one from 2023 or later.");
    return null;
  }
  try {
    const texts = element("content").textContent.trim().split("\n");
    const contents = await Promise.all(texts.map(readContent));
    element("main").hidden = false;
    document.body.classList.add("is-open");
    say("");
    return contents;
  } catch {
    say("This file is damaged or incomplete: request or write it again.");
    return null;
  }
}

/** What the doctor has found. */
export function writeFaults(faults, where = "this model") {
  if (!faults.length) return;
  element("doctor").hidden = false;
  const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  element("doctor-title").textContent = `The doctor found ${count} in ${where}`;
  for (const fault of faults) {
    const item = document.createElement("li");
    item.textContent = `${fault[0].toUpperCase()}${fault.slice(1)}.`;
    element("faults").append(item);
  }
}

/** Calls draw(state, previous) at once, once a frame after changes, and in other colours. */
export function drawChanges(store, draw) {
  let shown = store.state;
  let isAsked = false;
  function drawNow() {
    isAsked = false;
    const previous = shown;
    shown = store.state;
    draw(shown, previous);
  }
  store.onChange(() => {
    // many changes between two frames are drawn once
    if (!isAsked) requestAnimationFrame(drawNow);
    isAsked = true;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawNow);
  drawNow();
}

/** Undo, redo and reset, by buttons and by keys; what takes a sentence away. */
export function connectHistory(store) {
  const initial = store.state;
  element("undo").onclick = store.undo;
  element("redo").onclick = store.redo;
  element("reset").onclick = () => store.commit(initial);
  store.onStep(() => {
    element("undo").disabled = !store.canUndo;
    element("redo").disabled = !store.canRedo;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") say("");
    if (!(event.ctrlKey || event.metaKey) || event.target.matches(FIELDS)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) store.redo();
    else store.undo();
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (!element("message").contains(target)) say("");
  });
}

/** What then makes of a value: at once, or of a promise later, for which the page is busy. */
async function whenKnown(value, then) {
  if (!(value instanceof Promise)) return then(value);
  element("main").setAttribute("aria-busy", true);
  try {
    return then(await value);
  } finally {
    element("main").setAttribute("aria-busy", false);
  }
}

/**
 * The state in the address, as asLink(state) writes it and fromLink(text) reads it.
 *
 * Both may give promises. `saved` is the state that the file was saved with, or empty; lacks(state)
 * a sentence on what of it a link leaves out, or empty.
 */
export function connectAddress(store, asLink, fromLink, saved, lacks = () => "") {
  let written = null;
  const addressOf = (link) => `${location.href.split("#")[0]}#${link}`;

  async function follow(link) {
    if (!link || link === written) return;
    try {
      await whenKnown(fromLink(link), store.commit);
    } catch {
      say("The link is of another model, or damaged: the page stays as it is.");
    }
  }

  element("link").onclick = async () => {
    const address = addressOf(await asLink(store.state));
    try {
      await navigator.clipboard.writeText(address);
      say(`The link is copied; it holds what is shown. ${lacks(store.state)}`.trim());
    } catch {
      say(`Copy this link: ${address}`);
    }
  };
  store.onStep((state) =>
    whenKnown(asLink(state), (link) => {
      // a later step has its own
      if (state !== store.state) return;
      written = link;
      try {
        history.replaceState(null, "", addressOf(link));
      } catch {
        // in a frame of a notebook there is no address to write
      }
    }),
  );
  // the page's own writing of the address is no visit
  addEventListener("hashchange", () => follow(location.hash.slice(1)));
  follow(location.hash.slice(1) || saved);
}
