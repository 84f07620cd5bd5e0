// The state as the part of an address behind the #, and back.

import { fromText, toText } from "./bytes.js";
import { packedDrawing } from "./drawing.js";
import { firstGiven } from "./given.js";
import { inputShapes } from "./graph.js";

const MOST_PIXELS = 4096; // a larger image would make an address that is not sent whole
const ENDS = ["from", "to"]; // of the walk

/** Whether a link holds the image that is given, where one is. */
export const holdsImage = ({ given }) => !given || given.pixels.length <= MOST_PIXELS;

/** Whether a link holds the drawing, where there is one and `packDrawing` is through with it. */
export const holdsDrawing = ({ drawing }) => !drawing || packedDrawing(drawing) !== "";

/** What a link holds: z, what is given, the view, the walk, a drawing once it is packed. */
export function toLink(state) {
  const fields = new URLSearchParams();
  writePlace(fields, "", state);
  if (state.given && holdsImage(state)) writeGiven(fields, state.given);
  if (state.noise) fields.set("noise", [...state.noise].map(short).join(","));
  fields.set("view", [state.view.x, state.view.y, state.view.span].map(short).join(","));
  fields.set("axes", state.axes.join(","));
  if (state.every) fields.set("grid", "every");
  if (state.all) fields.set("points", "all");
  if (state.point !== null) fields.set("point", state.point);
  for (const end of ENDS) if (state[end]) writePlace(fields, `${end}.`, state[end]);
  if (state.drawing && holdsDrawing(state)) fields.set("drawing", packedDrawing(state.drawing));
  // both may stand after a #, and links stay readable
  return fields.toString().replaceAll("%2C", ",").replaceAll("%40", "@");
}

/** The text of the drawing in a link, or null. */
export const drawingIn = (text) => new URLSearchParams(text).get("drawing");

/**
 * The changes of the state that a link asks for, but for its drawing.
 *
 * Throws where the link is not one of this model.
 */
export function fromLink(text, content, parts) {
  const { latent_dim: latents, graphs, arrays } = content;
  const fields = new URLSearchParams(text);
  const changes = readPlace(fields, "", latents, parts);
  if (fields.has("noise")) {
    const { noise } = inputShapes(graphs.prior);
    changes.noise = Float32Array.from(numbers(fields.get("noise"), noise[0]));
  }
  if (fields.has("view")) {
    const [x, y, span] = numbers(fields.get("view"), 3);
    // a view that arithmetic still resolves
    if (!(span > 1e-3 && span < 1e3)) throw new Error("view");
    changes.view = { x, y, span };
  }
  if (fields.has("axes")) {
    changes.axes = numbers(fields.get("axes"), latents > 1 ? 2 : 1);
    if (changes.axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= latents)) {
      throw new Error("axes");
    }
  }
  if (!parts.length) changes.given = readGiven(fields, firstGiven(content));
  for (const end of ENDS) {
    changes[end] = null;
    if (!fields.has(`${end}.z`)) continue;
    changes[end] = { values: [], ...readPlace(fields, `${end}.`, latents, parts) };
    if (changes[end].values.length !== parts.length) throw new Error(end);
  }
  changes.every = fields.get("grid") === "every";
  changes.all = fields.get("points") === "all";
  changes.point = fields.has("point") ? placeIn(fields.get("point"), arrays.codes) : null;
  return changes;
}

/** z and the values of a place, under names that begin with a prefix. */
function writePlace(fields, prefix, { z, values }) {
  fields.set(`${prefix}z`, z.map(short).join(","));
  writeValues(fields, prefix, values);
}

/** What is given, under names that begin with a prefix. */
export function writeValues(fields, prefix, values) {
  values.forEach((value, place) => {
    // one class of many as its place: ten zeros and ones are long
    const isOne = value && value.length > 2 && value.filter((weight) => weight).length === 1;
    const text = isOne && value.includes(1) ? `@${value.indexOf(1)}` : value?.map(short).join(",");
    fields.set(`${prefix}y${place}`, text ?? "");
  });
}

/** What `writePlace` wrote, as far as it is there. */
function readPlace(fields, prefix, latents, parts) {
  const found = {};
  if (fields.has(`${prefix}z`)) found.z = numbers(fields.get(`${prefix}z`), latents);
  const values = readValues(fields, prefix, parts);
  return values ? { ...found, values } : found;
}

/** What `writeValues` wrote; null where it is not there. */
export function readValues(fields, prefix, parts) {
  if (!parts.some((_, place) => fields.has(`${prefix}y${place}`))) return null;
  return parts.map((part, place) => valueOf(part, fields.get(`${prefix}y${place}`) ?? ""));
}

/** The given image in levels, and its mask where it is a part. */
function writeGiven(fields, { pixels, mask }) {
  fields.set("pixels", toText(pixels.map((number) => Math.round(255 * number))));
  if (mask.includes(0)) fields.set("mask", toText(mask));
}

/** What `writeGiven` wrote; where it wrote nothing what is given at first. */
function readGiven(fields, { pixels, mask }) {
  const bytes = (name, { length }) => fields.has(name) && fromText(fields.get(name), length);
  const [levels, bits] = [bytes("pixels", pixels), bytes("mask", mask)];
  if (bits && bits.some((bit) => bit > 1)) throw new Error("mask");
  return {
    pixels: levels ? Float32Array.from(levels, (level) => level / 255) : pixels,
    mask: bits || mask,
  };
}

/** The place of one of the points. */
function placeIn(text, codes) {
  const [place] = numbers(text, 1);
  if (!codes || !(place in codes.data)) throw new Error("point");
  return place;
}

/** The value of a part in a link; empty where it is not given. */
function valueOf(part, text) {
  if (text === "") {
    if (!part.optional) throw new Error(part.name);
    return null;
  }
  if (text.startsWith("@")) {
    const [place] = numbers(text.slice(1), 1);
    if (!(place in Array(part.size).fill(0))) throw new Error(part.name);
    return Array.from({ length: part.size }, (_, i) => (i === place ? 1 : 0));
  }
  return numbers(text, part.size);
}

/** So many finite numbers between commas. */
function numbers(text, count) {
  const found = text.split(",").map(Number);
  if (found.length !== count || !found.every(Number.isFinite)) throw new Error(text);
  return found;
}

/** A number to three decimals. */
const short = (number) => Number(number.toFixed(3));
