// Images of the data in the place of their points, once the view is near enough.

import { cssColour } from "./colours.js";

const SIDE = 32; // pixels, of the longer side of an image
const APART = 44; // pixels between the middles of two of them
const NEAR = 2; // times as near as the view that shows all points

/** The images on the plane of a page. */
export function makeSprites({ pictures, points }, pixelOf) {
  let shown = [];
  let atlas = null;

  /** All images side by side, drawn once. */
  function drawAtlas() {
    const canvas = document.createElement("canvas");
    const { rows, width, height, paint } = pictures;
    const columns = Math.ceil(Math.sqrt(rows.length));
    canvas.width = columns * width;
    canvas.height = Math.ceil(rows.length / columns) * height;
    const context = canvas.getContext("2d");
    const one = document.createElement("canvas");
    const corners = new Map();
    rows.forEach((row, i) => {
      const corner = [(i % columns) * width, Math.floor(i / columns) * height];
      paint(one, row);
      context.drawImage(one, ...corner);
      corners.set(row, corner);
    });
    return { canvas, corners };
  }

  return {
    /** Chooses what is shown on a square of `side`: those of the class at hand first. */
    place(state, side, code, fit) {
      shown = [];
      if (!pictures.rows.length || state.view.span * NEAR > fit.span) return;
      const isFree = ([x, y]) => shown.every(({ at }) => Math.hypot(at[0] - x, at[1] - y) >= APART);
      const ofClass = (row) => code < 0 || points.codes[row] === code;
      for (const isFirst of [true, false]) {
        for (const row of pictures.rows) {
          if (ofClass(row) !== isFirst) continue;
          const at = pixelOf(row, state, side);
          if (at.every((number) => number > 0 && number < side) && isFree(at)) {
            shown.push({ row, at });
          }
        }
      }
    },
    /** The row whose image lies under a pixel, -1 without one. */
    rowAt([left, top]) {
      const reach = SIDE / 2;
      const hit = shown.find(
        ({ at: [x, y] }) => Math.abs(x - left) <= reach && Math.abs(y - top) <= reach,
      );
      return hit ? hit.row : -1;
    },
    draw(context, unit) {
      if (!shown.length) return;
      atlas ??= drawAtlas();
      const { width, height } = pictures;
      const scale = (SIDE * unit) / Math.max(width, height);
      const [across, down] = [width * scale, height * scale];
      context.imageSmoothingEnabled = width > SIDE;
      for (const { row, at } of shown) {
        const [left, top] = [at[0] * unit - across / 2, at[1] * unit - down / 2];
        context.fillStyle = cssColour(points.codes[row]);
        context.fillRect(left - 2 * unit, top - 2 * unit, across + 4 * unit, down + 4 * unit);
        const corner = atlas.corners.get(row);
        context.drawImage(atlas.canvas, ...corner, width, height, left, top, across, down);
      }
    },
  };
}
