// The images of the data that some points carry.

import { rowOf } from "./arrays.js";
import { decodeParts } from "./condition.js";
import { pictureOf } from "./pixels.js";

/** The images by the rows of the points, of a page without any an empty collection. */
export function makePictures({ arrays, pictures }, parts) {
  const rows = pictures ? [...arrays.picture_places.data] : [];
  const index = new Map(rows.map((row, i) => [row, i]));
  const [, height, width, channels] = arrays.pictures?.shape ?? [];
  const part = ({ data }, row) => rowOf(data, data.length / rows.length, index.get(row));
  const pixels = (row) => Float32Array.from(part(arrays.pictures, row), (level) => level / 255);
  return {
    rows,
    width,
    height,
    has: (row) => index.has(row),
    pixels,
    /** The condition of a row, as values of the parts, or as the part of it that was given. */
    values: (row) => (arrays.pictures_y ? decodeParts(parts, part(arrays.pictures_y, row)) : []),
    given: (row) =>
      arrays.pictures_mask
        ? { pixels: pixels(row), mask: part(arrays.pictures_mask, row) }
        : null,
    paint(canvas, row) {
      Object.assign(canvas, { width, height });
      const image = pictureOf(pixels(row), width, height, channels);
      canvas.getContext("2d").putImageData(image, 0, 0);
    },
  };
}
