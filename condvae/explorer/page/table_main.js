// Puts the page of a model of tables together: what is given, the rows, their shares.

import { makeBars } from "./bars.js";
import { makeEngine } from "./engine.js";
import { offerFile, readSource, savedState } from "./keep.js";
import { readValues, writeValues } from "./link.js";
import { makeSampler } from "./sampler.js";
import { connectAddress, connectHistory, download, drawChanges } from "./shell.js";
import { element, openContents, say, writeFaults } from "./shell.js";
import { makeConditions } from "./sliders.js";
import { makeStore } from "./state.js";
import { makeRows } from "./table_rows.js";

const MOST_SEED = 1e6;

/** What all parts of the page share. */
function makePage(content, workerText) {
  const conditions = content.condition.parts;
  const names = conditions.map(({ name }) => name);
  // a condition is set as y, where the networks look for it; parts of dates say little alone
  const ofDates = content.table.dates.flatMap(({ parts }) => Object.values(parts));
  const columns = content.table.columns.filter(
    ({ name }) => !names.includes(name) && !ofDates.includes(name),
  );
  const dates = content.table.dates
    .filter(({ name }) => !names.includes(name))
    .map((date) => ({ ...date, widget: "moment", size: 1 }));
  const parts = [...conditions, ...columns, ...dates].map((part) => ({ ...part, optional: true }));
  const engine = makeEngine(content, workerText);
  const store = makeStore({ values: parts.map(() => null), seed: 1 }, (changes) => changes);
  const sampler = makeSampler({ content, engine, conditions, columns, dates });
  return { content, parts, engine, store, sampler, element, say, download };
}

/** The state as a link has it, and back; throws where it is not one of this model. */
function toLink({ values, seed }) {
  const fields = new URLSearchParams({ seed });
  writeValues(fields, "", values);
  return fields.toString().replaceAll("%2C", ",").replaceAll("%40", "@");
}

function fromLink(text, parts) {
  const fields = new URLSearchParams(text);
  const seed = Number(fields.get("seed") ?? 1);
  if (!(Number.isInteger(seed) && seed > 0 && seed <= MOST_SEED)) throw new Error("seed");
  return { seed, values: readValues(fields, "", parts) ?? parts.map(() => null) };
}

/** The page at work. */
async function open() {
  const source = readSource();
  const contents = await openContents();
  if (!contents) return;
  const [content] = contents;
  const page = makePage(content, element("worker").textContent);
  const { store, sampler, parts } = page;
  element("title").textContent = content.name;
  element("about").textContent = aboutOf(content);
  writeFaults(content.faults);
  element("other").onclick = () =>
    store.commit({ seed: 1 + Math.floor(Math.random() * MOST_SEED) });
  const showGiven = makeConditions(page, -1);
  const views = [makeRows(page), makeBars(page)];
  drawChanges(store, (state) => {
    showGiven(state);
    element("rows").setAttribute("aria-busy", true);
    sampler.draw(state, (drawn) => {
      for (const view of views) view(drawn);
      element("rows").setAttribute("aria-busy", false);
    });
  });
  connectHistory(store);
  offerFile(page, source, toLink);
  connectAddress(store, toLink, (text) => fromLink(text, parts), savedState());
  // for the console, and for tests
  globalThis.explorer = page;
}

/** What the page shows, in a line. */
function aboutOf({ table, latent_dim: latents, num_real: real }) {
  const count = (number, word) =>
    `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
  const rows = real ? `learned from ${count(real, "row")}, ` : "";
  return (
    `${count(table.order.length, "column")}, ${rows}${count(latents, "latent")}. ` +
    "Everything runs in this page."
  );
}

open();
