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
export function interpolate(knots, at, from, to) {
  // the first knot that is not below `at`: the one before it is, so nothing is divided by zero
  let [next, end] = [0, knots.length];
  while (next < end) {
    const middle = (next + end) >> 1;
    if (knots[middle][from] >= at) end = middle;
    else next = middle + 1;
  }
  if (next === 0) return knots[0][to];
  if (next === knots.length) return knots.at(-1)[to];
  const [a, b] = [knots[next - 1], knots[next]];
  return a[to] + ((at - a[from]) / (b[from] - a[from])) * (b[to] - a[to]);
}
