// Puts the page together: the content, the state, and what shows it.

import { readPoints } from "./content.js";
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
import { connectAddress, connectHistory, download, drawChanges } from "./shell.js";
import { element, openContents, say, writeFaults } from "./shell.js";

const MANY = 16; // latents

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

  /** The middle of z; with many latents, where it is a blur, a row of the data. */
  function beginning() {
    const [row] = pictures.rows;
    if (latents <= MANY || row === undefined || !parts.length) return prior.centre(first);
    return { point: row, z: points.z(row), values: pictures.values(row) };
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
  const pictures = makePictures(content, parts);
  const store = makeStore({ ...first, ...beginning() }, (changes, state) => {
    if ("z" in changes) return { noise: null, ...changes };
    if (!state.noise || !("values" in changes || "given" in changes)) return changes;
    return { ...changes, ...prior.take({ ...state, ...changes }, state.noise) };
  });

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

/** The state that a link asks for, or a promise of it where it holds a drawing. */
function stateOf(link, { content, parts, painter }) {
  const changes = fromLink(link, content, parts);
  const text = drawingIn(link);
  if (text === null) return { ...changes, drawing: null };
  return unpackDrawing(text, painter.size).then((drawing) => ({ ...changes, drawing }));
}

/** The state as a link has it, or a promise of it while its drawing is not packed yet. */
function linkOf(state) {
  if (holdsDrawing(state)) return toLink(state);
  return packDrawing(state.drawing).then(() => toLink(state));
}

/** The page at work. */
async function open() {
  const source = readSource();
  const contents = await openContents();
  if (!contents) return;
  const [content] = contents;
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
  connectHistory(store);
  offerCard(page);
  offerFile(page, source, linkOf);
  store.onStep((state) => speak(page, state));
  drawChanges(store, (state, previous) => {
    for (const one of draws) one(state, previous);
  });
  connectAddress(
    store,
    linkOf,
    (link) => stateOf(link, page),
    savedState(),
    (state) =>
      holdsImage(state) && holdsDrawing(state) ? "" : "The image is too large for it.",
  );
  // for the console, and for tests
  globalThis.explorer = page;
}

/** What the page shows, in a line. */
function aboutOf({ content, points, painter }) {
  const size = `${painter.width} × ${painter.height}`;
  const latents = `${content.latent_dim} latent${content.latent_dim === 1 ? "" : "s"}`;
  const encodings = points ? `, ${points.count.toLocaleString("en")} encodings` : "";
  return `${size} pixels, ${latents}${encodings}. Everything runs in this page.`;
}

open();
