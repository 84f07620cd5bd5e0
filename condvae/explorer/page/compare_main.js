// Two models side by side: one style, or one drawing, for both; labels are matched by their names.

import { makeCard } from "./card.js";
import { makeModel, makePane } from "./compare_pane.js";
import { drawingOf, packDrawing, packedDrawing, unpackDrawing } from "./drawing.js";
import { addExamples } from "./examples.js";
import { resized } from "./fit.js";
import { withPlace } from "./geometry.js";
import { offerFile, readSource, savedState } from "./keep.js";
import { connectAddress, connectHistory, download, drawChanges } from "./shell.js";
import { element, openContents, say, writeFaults } from "./shell.js";
import { makeSketch } from "./sketch.js";
import { addSlider } from "./slider.js";
import { makeStore } from "./state.js";
import { twoDecimals, withValue } from "./values.js";

const MOST_LABELS = 20; // that are shown
const SLIDERS = 6; // of the most active latents

/**
 * What the models share.
 *
 * The state holds of each model {z, noise, reading}: z is one for both where it has as many
 * numbers in both, noise what it was drawn from under a prior that knows y, reading the label that
 * the drawing was taken for.
 */
function makePage(models) {
  const [first, second] = models;
  const common = first.labels.filter((name) => second.labels.includes(name));
  const names = common.slice(0, MOST_LABELS);
  const isOneZ = first.content.latent_dim === second.content.latent_dim;
  const middle = (label) =>
    models.map((model) => {
      const { z, noise } = model.prior.centre({ values: model.under(label) });
      return { z, noise, reading: null };
    });
  const initial = { each: middle(names[0]), label: names[0], drawing: null };
  const store = makeStore(initial, (changes, { each }) => {
    if (!("label" in changes) || "each" in changes) return changes;
    // under a prior that knows y another label is another z of the same noise
    const follow = (one, { prior, under }) =>
      one.noise ? { ...one, ...prior.take({ values: under(changes.label) }, one.noise) } : one;
    return { ...changes, each: each.map((one, i) => follow(one, models[i])) };
  });
  const title = `${first.content.name} and ${second.content.name}`;
  const count = common.length;
  return { models, names, count, isOneZ, middle, store, title, element, say, download };
}

/** Noise for both, the same numbers as far as both take them. */
function randomStyles({ models, store }) {
  const noises = models.map(({ prior }) => prior.noise(1));
  const shared = Math.min(...noises.map(({ length }) => length));
  noises[1].set(noises[0].subarray(0, shared));
  return models.map((model, i) => {
    const { z, noise } = model.prior.take({ values: model.under(store.state.label) }, noises[i]);
    return { z, noise, reading: null };
  });
}

/** The sliders of z, of the first model's most active latents. */
function makeSliders({ models, isOneZ, store }) {
  const note = element("styles-note");
  if (!isOneZ) {
    note.textContent =
      "The models have unlike numbers of latents: they share labels and drawings, and no z.";
    return () => {};
  }
  const axes = models[0].content.latents.order.slice(0, SLIDERS);
  const sliders = axes.map((axis) =>
    addSlider(
      element("latents"),
      { name: `z${axis + 1}`, low: -3, high: 3, step: 0.01 },
      (value, isStep) => {
        const each = moved(store.state, (z) => withValue(z, axis, value));
        if (isStep) store.commit({ each });
        else store.change({ each });
      },
    ),
  );
  return ({ each: [{ z }, other] }) => {
    axes.forEach((axis, i) => sliders[i].show(z[axis], { inText: twoDecimals }));
    note.textContent = z.every((number, axis) => number === other.z[axis])
      ? "The same z goes through both decoders. Drag on a grid, or move a slider."
      : "Each model has a z of its own for this; a slider takes both to one.";
  };
}

/** Both at another place, that of the first one. */
function moved({ each }, change) {
  const z = change(each[0].z);
  return each.map((one) => ({ ...one, z, noise: null }));
}

/** The sheet and the images of the data; returns what draws them. */
function makeSheet(page) {
  const { models, store, names } = page;
  const { content, painter } = models[0];
  if (models.some(({ engine }) => !engine.has("encoder")) || painter.colours) return () => {};
  const { examples } = content;
  const channels = content.image_shape[2];
  const settings = { shape: content.image_shape, channels, isMasked: false, isGiven: false };
  const sketch = makeSketch(page, { ...settings, examples }, (numbers) => read(numbers));

  /** Has both models read an image, each by itself; one that was drawn is on the sheet already. */
  function read(numbers, isDrawn = true) {
    const drawing = drawingOf(numbers);
    const ink = sketch.ink();
    const each = [];
    element("main").setAttribute("aria-busy", true);
    models.forEach((model, i) => {
      const own = resized(numbers, content.image_shape, model.content.image_shape);
      model.read(own, null, ({ z }, code) => {
        each[i] = { z, noise: null, reading: model.labels[code] };
        if (!each[0] || !each[1]) return;
        const label = names.includes(each[0].reading) ? each[0].reading : store.state.label;
        element("main").setAttribute("aria-busy", false);
        if (isDrawn) sketch.keep(drawing, ink); // which is finer than the drawing, and stays
        store.commit({ each, label, drawing });
      });
    });
  }

  element("clear").onclick = () => {
    sketch.clear();
    store.commit({ drawing: null });
    sketch.show(store.state);
  };
  addExamples(page, content, content.image_shape, (_, numbers) => ({
    take: () => read(numbers, false),
    name: "",
  }));
  let drawn = null;
  return (state) => {
    if (state.drawing !== drawn) sketch.show(state);
    drawn = state.drawing;
  };
}

/** The state as a link has it. */
async function toLink({ each, label, drawing }) {
  await packDrawing(drawing);
  const fields = new URLSearchParams({ label });
  each.forEach(({ z, reading }, i) => {
    fields.set(`z${i}`, z.map((number) => Number(number.toFixed(3))).join(","));
    if (reading !== null) fields.set(`read${i}`, reading);
  });
  if (drawing && packedDrawing(drawing)) fields.set("drawing", packedDrawing(drawing));
  return fields.toString().replaceAll("%2C", ",");
}

/** The state that a link has; throws where it is not one of these models. */
async function fromLink(text, { models, names, middle }) {
  const fields = new URLSearchParams(text);
  const label = fields.get("label") ?? names[0];
  if (!names.includes(label)) throw new Error("label");
  const each = middle(label).map((one, i) => {
    const z = fields.get(`z${i}`)?.split(",").map(Number) ?? one.z;
    if (z.length !== one.z.length || !z.every(Number.isFinite)) throw new Error("z");
    const reading = fields.get(`read${i}`);
    if (reading !== null && !models[i].labels.includes(reading)) throw new Error("read");
    return { z, noise: null, reading };
  });
  const packed = fields.get("drawing");
  const { size } = models[0].painter;
  const drawing = packed === null ? null : await unpackDrawing(packed, size);
  return { each, label, drawing };
}

/** What the page shows, in a line. */
function aboutOf({ models, names, count }) {
  const labels = names.length < count ? `The first ${names.length} of ${count}` : `${count}`;
  const latents = models.map(({ content }) => content.latent_dim).join(" and ");
  return `${labels} labels in common; ${latents} latents. Everything runs in this page.`;
}

/** The page at work. */
async function open() {
  const source = readSource();
  const contents = await openContents();
  if (!contents) return;
  const workerText = element("worker").textContent;
  const page = makePage(contents.map((content) => makeModel(content, workerText)));
  const { store, models, names, isOneZ, title } = page;
  element("title").textContent = title;
  element("about").textContent = aboutOf(page);
  const faults = contents.flatMap(({ name, faults: found }) =>
    found.map((fault) => `${fault} (${name})`),
  );
  writeFaults(faults, "these models");
  const panes = models.map((model, i) =>
    makePane(element("panes"), model, names, {
      choose: (label) => store.commit({ label }),
      move(axes, place) {
        const { state } = store;
        const at = (one) => ({ ...one, z: withPlace(one.z, axes, place), noise: null });
        const each = isOneZ
          ? moved(state, () => at(state.each[i]).z)
          : state.each.map((one, other) => (other === i ? at(one) : one));
        store.change({ each });
      },
      end: () => store.commit(),
    }),
  );
  const draws = [makeSliders(page), makeSheet(page)];
  element("draw-z").onclick = () => store.commit({ each: randomStyles(page) });
  element("centre-z").onclick = () => store.commit({ each: page.middle(store.state.label) });
  element("save").textContent = "Save card";
  element("save").onclick = () => {
    const card = makeCard({
      title,
      words: `${store.state.label}, left by the one, right by the other`,
      pictures: panes.map(({ image }) => image),
      tiles: [],
      isSmooth: false,
    });
    card.toBlob((blob) => download(blob, `${title}.png`));
  };
  drawChanges(store, (state) => {
    for (const one of draws) one(state);
    panes.forEach((pane, i) => pane.draw({ ...state.each[i], label: state.label }));
  });
  connectHistory(store);
  offerFile({ ...page, content: { name: title } }, source, toLink);
  connectAddress(store, toLink, (text) => fromLink(text, page), savedState());
  // for the console, and for tests
  const engine = { isIdle: () => models.every((model) => model.engine.isIdle()) };
  globalThis.explorer = { ...page, engine };
}

open();
