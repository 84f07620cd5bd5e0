// Values of what is given, and numbers in words.

/** Weights that are 1 at one place. */
export function oneOf(size, place) {
  return Array.from({ length: size }, (_, i) => (i === place ? 1 : 0));
}

/** The values with another one at a place. */
export function withValue(values, place, value) {
  return values.map((old, i) => (i === place ? value : old));
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
