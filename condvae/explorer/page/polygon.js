// Mixtures as places in a polygon with a class at each corner.

const TINY = 1e-6;

/** The corners of a regular polygon in the unit circle, the first at the top. */
export function corners(count) {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [Math.sin(angle), -Math.cos(angle)];
  });
}

/** The place of a mixture: the mean of the corners by their weights. */
export function placeOfMixture(of, weights) {
  return [0, 1].map((i) => of.reduce((sum, corner, code) => sum + weights[code] * corner[i], 0));
}

/**
 * The weights of a place: one at a corner, two on an edge, all of them inside.
 *
 * Mean value coordinates, whose place is the place again. A place outside is taken to the edge.
 * Source: Floater 2003, "Mean value coordinates".
 */
export function mixtureOf(of, place) {
  const count = of.length;
  if (count === 1) return [1];
  const edge = nearestEdge(of, place);
  if (edge.isOutside) {
    const weights = Array(count).fill(0);
    weights[edge.from] = 1 - edge.share;
    weights[(edge.from + 1) % count] += edge.share;
    return weights;
  }
  const arms = of.map(([x, y]) => [x - place[0], y - place[1]]);
  const halfTangents = arms.map(([x, y], i) => {
    const [right, down] = arms[(i + 1) % count];
    const length = Math.hypot(x, y) * Math.hypot(right, down);
    return (length - (x * right + y * down)) / (x * down - y * right);
  });
  const weights = arms.map(
    ([x, y], i) => (halfTangents[(i + count - 1) % count] + halfTangents[i]) / Math.hypot(x, y),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** The edge next to a place, how far along it that is, and whether the place is not inside. */
function nearestEdge(of, [x, y]) {
  let nearest = { distance: Infinity };
  let isOutside = false;
  of.forEach(([left, top], from) => {
    const [right, bottom] = of[(from + 1) % of.length];
    const [dx, dy] = [right - left, bottom - top];
    const along = ((x - left) * dx + (y - top) * dy) / (dx * dx + dy * dy);
    const share = Math.min(1, Math.max(0, along));
    const distance = Math.hypot(x - left - share * dx, y - top - share * dy);
    // the corners go round clockwise: the outside is on the left of each edge
    isOutside ||= (x - left) * dy - (y - top) * dx > -TINY * Math.hypot(dx, dy);
    if (distance < nearest.distance) nearest = { from, share, distance };
  });
  return { ...nearest, isOutside };
}
