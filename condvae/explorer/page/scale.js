// Numbers as the networks see them: standardised, or their quantiles.

/** A number as the networks see it. */
export function toScale(part, value, i) {
  if (part.knots) return interpolate(part.knots, value, 0, 1);
  return (value - part.mean[i]) / part.scale[i];
}

/** The inverse of `toScale`. */
export function fromScale(part, number, i) {
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
