// The plane: which places of z are seen, and where they lie on a canvas.

const ROOM = 0.09; // beside z = 0, as a share of what is seen, for its name

/** Where a place of the plane lies, in pixels of a square of `size`; up is up. */
export function toPixels({ x, y, span }, size, [across, up]) {
  return [((across - x) / span + 1) * (size / 2), (1 - (up - y) / span) * (size / 2)];
}

/** The place of the plane under a pixel of a square of `size`. */
export function toPlane({ x, y, span }, size, [left, top]) {
  return [x + ((2 * left) / size - 1) * span, y + (1 - (2 * top) / size) * span];
}

/** z with the two shown latents, or the one, at a place of the plane. */
export function withPlace(z, axes, place) {
  const moved = [...z];
  axes.forEach((axis, i) => {
    moved[axis] = place[i];
  });
  return moved;
}

/** Where z lies in the plane; a model of one latent lies on its middle. */
export function placeOf(z, axes) {
  return [z[axes[0]], axes.length > 1 ? z[axes[1]] : 0];
}

/** A view that `factor` times as much is seen in, around a place that stays. */
export function zoomed(view, factor, [across, up] = [view.x, view.y]) {
  const span = Math.min(Math.max(view.span * factor, 0.01), 100);
  const actual = span / view.span;
  return { x: across + (view.x - across) * actual, y: up + (view.y - up) * actual, span };
}

/** The view that shows nearly all points and z = 0 with its name, or the prior without points. */
export function fittingView(points, axes) {
  if (!points) return { x: 0, y: 0, span: 3 };
  const ranges = axes.map((axis) => {
    const every = Math.ceil(points.count / 5000);
    const values = [];
    for (let row = 0; row < points.count; row += every) values.push(points.at(row, axis));
    values.sort((a, b) => a - b);
    const cut = Math.floor(values.length * 0.003);
    const [low, high] = [values[cut], values.at(-1 - cut)];
    const room = ROOM * (Math.max(high, 0) - Math.min(low, 0));
    return [Math.min(low, -room), Math.max(high, room)];
  });
  const [[left, right], [bottom, top] = [-1, 1]] = ranges;
  const span = 0.54 * Math.max(right - left, axes.length > 1 ? top - bottom : 0, 0.1);
  return { x: (left + right) / 2, y: axes.length > 1 ? (bottom + top) / 2 : 0, span };
}

/** Round steps for about `count` ticks in a range. */
export function ticks(low, high, count = 6) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
    found.push(Number(tick.toFixed(6)));
  }
  return found;
}
