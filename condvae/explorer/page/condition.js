// What is given: conditions as people set them, and as the networks see them.

import { oneOf } from "./values.js";
import { WIDGETS } from "./widgets.js";

/** The number of values of y. */
function sizeOfY(parts) {
  const last = parts.at(-1);
  return last.start + last.dim + (last.optional ? 1 : 0);
}

/** What is set at first: the first class; the middle of numbers is left to chance. */
export function firstValues(parts) {
  const leading = leadingPart(parts);
  return parts.map((part, place) => (place === leading ? oneOf(part.size, 0) : null));
}

/** The place of the first class among the parts, -1 without one. */
export function leadingPart(parts) {
  return parts.findIndex((part) => part.categories);
}

/** y as the networks see it: the values of the parts, null where one is missing. */
export function encodeParts(parts, values) {
  const y = new Float32Array(sizeOfY(parts));
  parts.forEach((part, place) => {
    const value = values[place];
    if (value === null) return;
    y.set(WIDGETS[part.widget].encode(part, value), part.start);
    if (part.optional) y[part.start + part.dim] = 1;
  });
  return y;
}

/** The values of the parts in a y as the networks see it. */
export function decodeParts(parts, y) {
  return parts.map((part) => {
    if (part.optional && y[part.start + part.dim] !== 1) return null;
    const numbers = Array.from(y.slice(part.start, part.start + part.dim));
    return WIDGETS[part.widget].decode(part, numbers);
  });
}

/** The values in words: "digit 3", "60% 3, 40% 5, slant 0.30". */
export function inWords(parts, values) {
  const words = parts.map((part, place) => {
    const value = values[place];
    return value === null ? null : WIDGETS[part.widget].inWords(part, value);
  });
  return words.filter(Boolean).join(", ") || "nothing given";
}
