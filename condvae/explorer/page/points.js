// Tens of thousands of points on a canvas, pixel by pixel: fast enough to pan and to zoom.

import { colourOf } from "./colours.js";
import { toPixels } from "./geometry.js";

/** What is drawn and looked up of the points of a page. */
export function makePoints(points) {
  /** The place of a point in the plane; with one latent its height is chance, but stays. */
  function placeOf(row, axes, view) {
    if (axes.length > 1) return [points.at(row, axes[0]), points.at(row, axes[1])];
    return [points.at(row, axes[0]), view.y + view.span * 0.9 * (((row * 0.754877) % 1) * 2 - 1)];
  }

  /** Draws all of them, or those of one class, over an image of the background. */
  function draw(image, { view, axes }, only) {
    const { width: size, data } = image;
    const isCrowd = points.count > 10000;
    const side = Math.max(2, Math.round(size / (isCrowd ? 320 : 150)));
    const opacity = isCrowd ? 0.55 : 0.8;
    const colours = points.names.map((_, code) => colourOf(code));
    for (let row = 0; row < points.count; row++) {
      const code = points.codes[row];
      if (only >= 0 && code !== only) continue;
      const [left, top] = toPixels(view, size, placeOf(row, axes, view));
      const [x, y] = [Math.round(left - side / 2), Math.round(top - side / 2)];
      if (x < 0 || y < 0 || x + side > size || y + side > size) continue;
      const [red, green, blue] = colours[code];
      for (let i = y; i < y + side; i++) {
        for (let to = 4 * (i * size + x), j = 0; j < side; j++, to += 4) {
          data[to] += (red - data[to]) * opacity;
          data[to + 1] += (green - data[to + 1]) * opacity;
          data[to + 2] += (blue - data[to + 2]) * opacity;
        }
      }
    }
  }

  /** The point next to a pixel, within `most` of them; -1 where there is none. */
  function nearest({ view, axes }, size, [left, top], most, only) {
    let [found, least] = [-1, most * most];
    for (let row = 0; row < points.count; row++) {
      if (only >= 0 && points.codes[row] !== only) continue;
      const [x, y] = toPixels(view, size, placeOf(row, axes, view));
      const distance = (x - left) ** 2 + (y - top) ** 2;
      if (distance < least) [found, least] = [row, distance];
    }
    return found;
  }

  return { ...points, placeOf, draw, nearest };
}
