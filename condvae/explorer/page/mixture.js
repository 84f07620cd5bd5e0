// The label as a mixture: a handle in a polygon of classes.

import { cssColour } from "./colours.js";
import { leadingPart } from "./condition.js";
import { readInks } from "./inks.js";
import { makeSurface } from "./surface.js";
import { corners, mixtureOf, placeOfMixture } from "./polygon.js";
import { withValue } from "./values.js";

const MOST = 24;
const STEP = 0.06;
const HANDLE = 9; // pixels, its radius
const LEAST_RADIUS = 90; // pixels
const FONT = "13px system-ui, sans-serif";

/** The polygon of a page; returns what draws it. */
export function makeMixture(page) {
  const { store, parts, element } = page;
  const leading = leadingPart(parts);
  const part = parts[leading];
  if (!part || part.size < 2 || part.size > MOST) return () => {};
  const of = corners(part.size);
  const canvas = element("mixture");
  element("mixture-box").hidden = false;
  canvas.setAttribute("aria-label", `Mixture of ${part.name}s; arrow keys move it`);

  const surface = makeSurface(canvas, () => draw(store.state));
  const names = part.categories.map(shortened);
  const beside = HANDLE + 8; // from a corner to the middle or the end of its name
  const margin = beside + widest(canvas, names);
  // long names leave room for the polygon
  canvas.style.width = `min(100%, max(17rem, ${2 * (margin + LEAST_RADIUS)}px))`;
  const radius = () => surface.side / 2 - margin;
  const weightsOf = (state) => state.values[leading] ?? Array(part.size).fill(1 / part.size);
  const set = (place) => ({ values: withValue(store.state.values, leading, mixtureOf(of, place)) });
  const placeAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return [(x - box.width / 2) / radius(), (y - box.height / 2) / radius()];
  };

  let dragging = false;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    dragging = true;
    store.change(set(placeAt(event)));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (dragging) store.change(set(placeAt(event)));
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, () => {
      if (dragging) store.commit();
      dragging = false;
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const direction = moves[event.key];
    if (!direction) return;
    event.preventDefault();
    const place = placeOfMixture(of, weightsOf(store.state));
    store.commit(set(place.map((number, i) => number + STEP * direction[i])));
  });

  const at = ([x, y], length = radius()) => [x * length, y * length];
  let drawn = [];
  let base = null;

  /** The polygon, the classes and their names: what a drag leaves as it is. */
  function drawBase(context, inks) {
    const middle = surface.side / 2;
    context.translate(middle, middle);
    context.beginPath();
    for (const corner of of) context.lineTo(...at(corner));
    context.closePath();
    context.lineWidth = 1;
    context.strokeStyle = inks.axis;
    context.stroke();
    context.textBaseline = "middle";
    context.font = FONT;
    of.forEach((corner, code) => {
      context.beginPath();
      context.arc(...at(corner), 4, 0, 2 * Math.PI);
      context.fillStyle = cssColour(code);
      context.fill();
      context.strokeStyle = inks.quiet; // seen on either ground, whatever the class's colour
      context.stroke();
      context.fillStyle = inks.ink;
      context.textAlign = Math.abs(corner[0]) < 0.3 ? "center" : corner[0] < 0 ? "right" : "left";
      context.fillText(names[code], ...at(corner, radius() + beside));
    });
    context.translate(-middle, -middle);
  }

  function draw(state) {
    const inks = readInks();
    const key = [inks, surface.side, state.values];
    if (!surface.side || key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    const context = surface.clean();
    if (base?.inks !== inks || base.image.width !== canvas.width) {
      drawBase(context, inks);
      // kept as pixels: a drag draws nothing anew but the handle
      base = { inks, image: context.getImageData(0, 0, canvas.width, canvas.height) };
    } else context.putImageData(base.image, 0, 0);
    context.translate(surface.side / 2, surface.side / 2);
    const weights = weightsOf(state);
    const handle = at(placeOfMixture(of, weights));
    of.forEach((corner, code) => {
      if (weights[code] <= 0.01) return;
      context.beginPath();
      context.moveTo(...handle);
      context.lineTo(...at(corner));
      context.lineWidth = 6 * weights[code];
      context.strokeStyle = cssColour(code);
      context.stroke();
    });
    context.beginPath();
    context.arc(...handle, HANDLE, 0, 2 * Math.PI);
    context.fillStyle = inks.surface;
    context.fill();
    context.lineWidth = 3;
    context.strokeStyle = inks.ink;
    context.stroke();
  }

  return draw;
}

/** A name that fits beside a corner. */
const shortened = (name) => (name.length > 10 ? `${name.slice(0, 9)}…` : name);

/** The width of the longest name, in pixels. */
function widest(canvas, names) {
  const context = canvas.getContext("2d");
  context.font = FONT;
  return Math.max(...names.map((name) => context.measureText(name).width));
}
