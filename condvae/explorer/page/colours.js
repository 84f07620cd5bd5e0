// Colours of classes: ten that differ on light and on dark, then by the golden angle.

const TEN = [
  [66, 105, 208],
  [239, 177, 24],
  [255, 114, 92],
  [60, 169, 81],
  [164, 99, 242],
  [255, 138, 183],
  [108, 197, 176],
  [156, 107, 78],
  [151, 187, 245],
  [148, 152, 160],
];

/** [red, green, blue] of a class. Source of the formula: CSS Color 4, section 7.1, HSL. */
export function colourOf(code) {
  if (code < TEN.length) return TEN[code];
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
