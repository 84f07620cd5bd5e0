// Tens of thousands of points on a canvas, pixel by pixel: fast enough to pan and to zoom.

import { colourOf } from "./colours.js";

/** What is drawn and looked up of the points of a page. */
export function makePoints(points) {
  let known = { axes: null };

  /** The points' places in the plane; with one latent their heights are chance, but stay. */
  function placesIn(axes) {
    if (known.axes === axes) return known;
    const [across, up] = axes;
    const column = (axis) =>
      Float32Array.from({ length: points.count }, (_, i) => points.at(i, axis));
    const chance = () => Float32Array.from({ length: points.count }, (_, i) => (i * 0.754877) % 1);
    known = { axes, across: column(across), up: axes.length > 1 ? column(up) : chance() };
    return known;
  }

  /** Where the points lie on a square of `size`: pixel = offset + factor * place. */
  function scaleOf({ view, axes }, size) {
    const factor = size / (2 * view.span);
    const across = { factor, offset: size / 2 - factor * view.x };
    if (axes.length < 2) return { across, up: { factor: size * 0.9, offset: size * 0.05 } };
    return { across, up: { factor: -factor, offset: size / 2 + factor * view.y } };
  }

  /** Draws all of them, or those of one class, over an image of the background. */
  function draw(image, state, only) {
    const { width: size, data } = image;
    const isCrowd = points.count > 10000;
    const side = Math.max(2, Math.round(size / (isCrowd ? 320 : 150)));
    const opacity = isCrowd ? 0.55 : 0.8;
    const colours = points.names.map((_, code) => colourOf(code));
    const places = placesIn(state.axes);
    const { across, up } = scaleOf(state, size);
    for (let row = 0; row < points.count; row++) {
      const code = points.codes[row];
      if (only >= 0 && code !== only) continue;
      const x = Math.round(across.offset + across.factor * places.across[row] - side / 2);
      const y = Math.round(up.offset + up.factor * places.up[row] - side / 2);
      if (x < 0 || y < 0 || x + side > size || y + side > size) continue;
      const colour = colours[code];
      for (let i = y; i < y + side; i++) {
        for (let to = 4 * (i * size + x), end = to + 4 * side; to < end; to += 4) {
          data[to] += (colour[0] - data[to]) * opacity;
          data[to + 1] += (colour[1] - data[to + 1]) * opacity;
          data[to + 2] += (colour[2] - data[to + 2]) * opacity;
        }
      }
    }
  }

  /** The point next to a pixel, within `most` of them; -1 where there is none. */
  function nearest(state, size, [left, top], most, only) {
    const places = placesIn(state.axes);
    const { across, up } = scaleOf(state, size);
    let [found, least] = [-1, most * most];
    for (let row = 0; row < points.count; row++) {
      if (only >= 0 && points.codes[row] !== only) continue;
      const x = across.offset + across.factor * places.across[row] - left;
      const y = up.offset + up.factor * places.up[row] - top;
      if (x * x + y * y < least) [found, least] = [row, x * x + y * y];
    }
    return found;
  }

  /** Where one of them lies on a square of `size`. */
  function pixelOf(row, state, size) {
    const places = placesIn(state.axes);
    const { across, up } = scaleOf(state, size);
    return [
      across.offset + across.factor * places.across[row],
      up.offset + up.factor * places.up[row],
    ];
  }

  return { ...points, draw, nearest, pixelOf };
}
