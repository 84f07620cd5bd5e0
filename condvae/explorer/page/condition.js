// What is given: conditions as people set them, and as the networks see them.

/**
 * The parts of a condition that have names: a class, numbers, attributes; [] of an image.
 *
 * `start` is where a part's numbers begin in y; `optional` says that a bit after them tells
 * whether it is given.
 */
export function readParts(condition) {
  const described = condition.kind === "schema" ? condition.conditions : [condition];
  const optional = condition.kind === "schema";
  let start = 0;
  return described
    .map((part) => {
      const size = sizeOf(part);
      const found = { ...part, size, start, optional };
      start += size + (optional ? 1 : 0);
      return found;
    })
    .filter((part) => part.kind !== "masked_image" && (optional || part.kind !== "image"));
}

/** How many numbers of y a part takes. */
function sizeOf(part) {
  if (part.kind === "categorical") return part.categories.length;
  if (part.kind === "continuous") return part.mean.length;
  if (part.kind === "multi_label") return part.attributes.length;
  return part.image_shape.reduce((a, b) => a * b, 1);
}

/** The number of values of y. */
function sizeOfY(parts) {
  const last = parts.at(-1);
  return last.start + last.size + (last.optional ? 1 : 0);
}

/** What is set at first: the first class; the middle of numbers is left to chance. */
export function firstValues(parts) {
  const leading = leadingPart(parts);
  return parts.map((part, place) => (place === leading ? oneOf(part.size, 0) : null));
}

/** The place of the first class among the parts, -1 without one. */
export function leadingPart(parts) {
  return parts.findIndex((part) => part.kind === "categorical");
}

/** Weights that are 1 at one place. */
export function oneOf(size, place) {
  return Array.from({ length: size }, (_, i) => (i === place ? 1 : 0));
}

/** The values with another one at a place. */
export function withValue(values, place, value) {
  return values.map((old, i) => (i === place ? value : old));
}

/** y as the networks see it: the values of the parts, null where one is missing. */
export function encodeParts(parts, values) {
  const y = new Float32Array(sizeOfY(parts));
  parts.forEach((part, place) => {
    const value = values[place];
    if (value === null) return;
    y.set(
      part.kind === "continuous" ? value.map((v, i) => toScale(part, v, i)) : value,
      part.start,
    );
    if (part.optional) y[part.start + part.size] = 1;
  });
  return y;
}

/** The values of the parts in a y as the networks see it. */
export function decodeParts(parts, y) {
  return parts.map((part) => {
    if (part.kind === "image") return null;
    if (part.optional && y[part.start + part.size] !== 1) return null;
    const numbers = Array.from(y.slice(part.start, part.start + part.size));
    return part.kind === "continuous" ? numbers.map((n, i) => fromScale(part, n, i)) : numbers;
  });
}

/** A number as the networks see it: standardised, or its quantile. */
function toScale(part, value, i) {
  if (part.knots) return interpolate(part.knots, value, 0, 1);
  return (value - part.mean[i]) / part.scale[i];
}

/** The inverse of `toScale`. */
function fromScale(part, number, i) {
  if (part.knots) return interpolate(part.knots, number, 1, 0);
  return number * part.scale[i] + part.mean[i];
}

/** Linear between knots, constant beyond them. */
function interpolate(knots, at, from, to) {
  // the knot before it lies below `at`, so nothing is divided by zero
  const next = knots.findIndex((knot) => knot[from] >= at);
  if (next === 0) return knots[0][to];
  if (next < 0) return knots.at(-1)[to];
  const [a, b] = [knots[next - 1], knots[next]];
  return a[to] + ((at - a[from]) / (b[from] - a[from])) * (b[to] - a[to]);
}

/** The values in words: "digit 3", "60% 3 + 40% 5, slant 0.30". */
export function inWords(parts, values) {
  const words = parts.map((part, place) => {
    const value = values[place];
    if (value === null) return null;
    if (part.kind === "categorical") return `${part.name} ${mixtureInWords(part, value)}`;
    if (part.kind === "continuous") {
      return `${part.name} ${value.map((number) => shortNumber(number)).join(", ")}`;
    }
    const there = part.attributes.filter((_, i) => value[i]);
    return `${part.name} ${there.join(" and ") || "none"}`;
  });
  return words.filter(Boolean).join(", ") || "nothing given";
}

/** One class by name, or the larger shares of several. */
function mixtureInWords(part, weights) {
  const ranked = weights
    .map((weight, code) => [weight, part.categories[code]])
    .filter(([weight]) => weight >= 0.005)
    .sort((a, b) => b[0] - a[0]);
  if (ranked.length === 1) return ranked[0][1];
  const shown = ranked.slice(0, 3).map(([weight, name]) => `${Math.round(100 * weight)}% ${name}`);
  return shown.join(" + ") + (ranked.length > 3 ? " + …" : "");
}

/** A number of an axis, with a minus that is as wide as a plus. */
export function twoDecimals(number) {
  const text = number.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

/** A number with as many digits as one can read. */
export function shortNumber(number) {
  return String(Number(number.toPrecision(3)));
}
