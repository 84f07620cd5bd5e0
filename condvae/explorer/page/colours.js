// Colours of classes: those of the palette, then by the golden angle.

import { PALETTE } from "./palette.js";

const FIRST = PALETTE.map((hex) =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
);

/** [red, green, blue] of a class. Source of the formula: CSS Color 4, section 7.1, HSL. */
export function colourOf(code) {
  if (code < FIRST.length) return FIRST[code];
  const hue = (code * 137.508) % 360;
  const light = [0.62, 0.48, 0.72][code % 3];
  return [0, 8, 4].map((offset) => {
    const place = (offset + hue / 30) % 12;
    const strength = 0.55 * Math.min(light, 1 - light);
    return Math.round(255 * (light - strength * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  });
}

/** A class's colour as a style has it. */
export function cssColour(code) {
  return `rgb(${colourOf(code).join(" ")})`;
}
