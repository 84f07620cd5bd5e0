// Puts the page together: the content, the state, and what shows it.

import { readContent, readPoints } from "./content.js";
import { makeEngine } from "./engine.js";
import { makePainter } from "./pixels.js";
import { makeStore } from "./state.js";
import { drawingIn, fromLink, holdsDrawing, holdsImage, toLink } from "./link.js";
import { packDrawing, unpackDrawing } from "./drawing.js";
import { offerCard } from "./card.js";
import { offerFile, readSource, savedState } from "./keep.js";
import { encodeParts, firstValues, leadingPart } from "./condition.js";
import { completed, firstGiven, withMask } from "./given.js";
import { fittingView } from "./geometry.js";
import { makePrior } from "./prior.js";
import { makePictures } from "./pictures.js";
import { makePlane } from "./plane.js";
import { makePoint } from "./point.js";
import { makeUnusual } from "./unusual.js";
import { makeImage, speak } from "./image.js";
import { makeLabels } from "./labels.js";
import { makeSamples } from "./samples.js";
import { makeConditions, makeLatents } from "./sliders.js";
import { makeGrid } from "./grid.js";
import { makeMixture } from "./mixture.js";
import { makeOwn } from "./own.js";
import { leadOf } from "./lead.js";
import { makeHow } from "./how.js";
import { makeTour } from "./tour.js";
import { makeWalk } from "./walk.js";

const element = (id) => document.getElementById(id);

/** Says a sentence to those who see the page and to those who hear it. */
function say(sentence) {
  element("message").textContent = sentence;
  element("message").hidden = !sentence;
}

/** Takes a sentence away once the page is touched elsewhere, or Escape is pressed. */
function forgetWhatWasSaid() {
  document.addEventListener("pointerdown", ({ target }) => {
    if (!element("message").contains(target)) say("");
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") say("");
  });
}

/** Hands a file over, as a download. */
function download(blob, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  // not at once: the browser may still ask where to save it
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60000);
}

/** What all parts of the page share. */
function makePage(content, workerText) {
  const { condition, latent_dim: latents } = content;
  const { parts, is_part: isMasked = false } = condition;
  const points = readPoints(content);
  // the two most active, the lower number across
  const axes = content.latents.order.slice(0, 2).sort((a, b) => a - b);
  const painter = makePainter(content);
  const engine = makeEngine(content, workerText);
  const first = {
    z: Array(latents).fill(0),
    noise: null, // what z was drawn from, under a prior that knows y, where it was
    values: firstValues(parts),
    given: parts.length ? null : firstGiven(content),
    reading: null, // what was made of it, see own.js
    axes,
    view: fittingView(points, axes),
    all: false, // every class of the points in its colour, not only the one at hand
    point: null, // the point that is looked at
    every: false,
    from: null,
    to: null,
    drawing: null, // levels of the image on the sheet, where one was encoded
  };

  /** y of a state as the networks see it, one row. */
  function encode({ values, given }) {
    if (parts.length) return encodeParts(parts, values);
    return isMasked ? withMask(given) : given.pixels;
  }

  /** An image of the model with what was given of it. */
  const withGiven = ({ given }, numbers) => (isMasked ? completed(given, numbers) : numbers);

  /** Where the slider of a latent begins and ends: three prior widths, or as far as data lie. */
  function rangeOf(axis) {
    if (!points) return [-3, 3];
    const { low, span } = content.points;
    const half = (number) => Math.round(number * 2) / 2;
    return [half(Math.min(-3, low[axis])), half(Math.max(3, low[axis] + span[axis]))];
  }

  const prior = makePrior({ content, engine, encode });
  const store = makeStore({ ...first, ...prior.centre(first) }, (changes, state) => {
    if ("z" in changes) return { noise: null, ...changes };
    if (!state.noise || !("values" in changes || "given" in changes)) return changes;
    return { ...changes, ...prior.take({ ...state, ...changes }, state.noise) };
  });

  const pictures = makePictures(content, parts);
  const page = {
    content,
    parts,
    points,
    pictures,
    store,
    engine,
    painter,
    prior,
    element,
    say,
    download,
  };
  const canDraw = !parts.length || (engine.has("encoder") && !painter.colours);
  Object.assign(page, { encode, withGiven, rangeOf, isMasked, canDraw });
  return page;
}

/** What the buttons of the header do, and the keys. */
function connectHeader(page, initial) {
  const { store, content, parts } = page;
  const reset = () => store.commit(initial);
  element("undo").onclick = store.undo;
  element("redo").onclick = store.redo;
  element("reset").onclick = reset;
  element("link").onclick = async () => {
    await packDrawing(store.state.drawing);
    const address = withState(store.state);
    try {
      await navigator.clipboard.writeText(address);
      const isWhole = holdsImage(store.state) && holdsDrawing(store.state);
      const missing = isWhole ? "" : " The image is too large for it.";
      say(`The link is copied; it holds what is shown.${missing}`);
    } catch {
      say(`Copy this link: ${address}`);
    }
  };
  document.addEventListener("keydown", (event) => {
    // fields undo by themselves
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input:not([type=range])"))
      return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) store.redo();
    else store.undo();
  });
  addEventListener("hashchange", () => {
    // the page's own writing of the address is no visit
    if (location.hash.slice(1) !== toLink(store.state)) follow(page, location.hash.slice(1));
  });
}

/** The address of the page with the state in it. */
function withState(state) {
  return `${location.href.split("#")[0]}#${toLink(state)}`;
}

/** Shows the state that a link holds. */
async function follow({ store, content, parts, painter }, link) {
  if (!link) return;
  try {
    const changes = fromLink(link, content, parts);
    const text = drawingIn(link);
    // at once, where there is nothing to wait for
    if (text === null) store.commit({ ...changes, drawing: null });
    else {
      const drawing = await whileBusy(unpackDrawing(text, painter.size));
      store.commit({ ...changes, drawing });
    }
  } catch {
    say("The link is of another model, or damaged: the page begins at its start.");
  }
}

/** What a promise gives; the page says meanwhile that it is not yet as it will be. */
async function whileBusy(promise) {
  element("main").setAttribute("aria-busy", true);
  try {
    return await promise;
  } finally {
    element("main").setAttribute("aria-busy", false);
  }
}

/** Writes the state into the address, where there is one. */
function writeAddress(state) {
  try {
    history.replaceState(null, "", withState(state));
  } catch {
    // in a frame of a notebook there is no address to write
  }
}

/** The page at work. */
async function open() {
  const source = readSource();
  if (!globalThis.DecompressionStream) {
    say("This browser is too old for the page: take one from 2023 or later.");
    return;
  }
  let content = null;
  try {
    content = await readContent(element("content").textContent);
  } catch {
    say("This file is damaged or incomplete: request or write it again.");
    return;
  }
  element("main").hidden = false;
  document.body.classList.add("is-open");
  say("");
  forgetWhatWasSaid();
  const page = makePage(content, element("worker").textContent);
  const { store, parts } = page;
  element("title").textContent = content.name;
  element("lead").textContent = leadOf(page);
  document.body.classList.toggle("smooth", page.painter.width > 64);
  element("about").textContent = aboutOf(page);
  writeFaults(content.faults);
  const draws = [
    makePlane(page),
    makeImage(page),
    makePoint(page),
    makeUnusual(page),
    makeLabels(page),
    makeSamples(page),
    makeLatents(page),
    makeConditions(page, leadingPart(parts)),
    makeMixture(page),
    makeGrid(page),
    makeOwn(page),
    makeHow(page),
    makeWalk(page),
    makeTour(page),
  ];
  const initial = store.state;
  connectHeader(page, initial);
  offerCard(page);
  offerFile(page, source, async (state) => {
    await packDrawing(state.drawing);
    return toLink(state);
  });

  let shown = initial;
  let isAsked = false;
  function draw() {
    isAsked = false;
    const previous = shown;
    shown = store.state;
    for (const one of draws) one(shown, previous);
  }
  store.onChange(() => {
    // many changes between two frames are drawn once
    if (!isAsked) requestAnimationFrame(draw);
    isAsked = true;
  });
  store.onStep((state) => {
    element("undo").disabled = !store.canUndo;
    element("redo").disabled = !store.canRedo;
    speak(page, state);
    writeAddress(state);
    if (holdsDrawing(state)) return;
    whileBusy(packDrawing(state.drawing)).then(() => writeAddress(store.state));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
  follow(page, location.hash.slice(1) || savedState());
  // for the console, and for tests
  globalThis.explorer = page;
}

/** What the doctor has found. */
function writeFaults(faults) {
  if (!faults.length) return;
  element("doctor").hidden = false;
  const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  element("doctor-title").textContent = `The doctor found ${count} in this model`;
  for (const fault of faults) {
    const item = document.createElement("li");
    item.textContent = `${fault[0].toUpperCase()}${fault.slice(1)}.`;
    element("faults").append(item);
  }
}

/** What the page shows, in a line. */
function aboutOf({ content, points, painter }) {
  const size = `${painter.width} × ${painter.height}`;
  const latents = `${content.latent_dim} latent${content.latent_dim === 1 ? "" : "s"}`;
  const encodings = points ? `, ${points.count.toLocaleString("en")} encodings` : "";
  return `${size} pixels, ${latents}${encodings}. Everything runs in this page.`;
}

addEventListener("error", ({ message }) =>
  say(`Something went wrong (${message}). Reload the page.`),
);
addEventListener("unhandledrejection", ({ reason }) =>
  say(`Something went wrong (${reason?.message ?? reason}). Reload the page.`),
);
open();
