// What lies under the handle of the plane: points, lines at round numbers, images, the numbers.

import { readInks, rgbOf } from "./inks.js";
import { ticks, toPixels } from "./geometry.js";

const TICK = 7; // pixels

/**
 * Draws the view on a canvas.
 *
 * `points` may be null, `code` is the class that stands out, or -1; `sprites` are drawn over them.
 */
export function drawBackdrop(canvas, state, points, code, sprites) {
  const size = canvas.width;
  const unit = Math.min(devicePixelRatio, 2);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const inks = readInks();
  const colours = { surface: rgbOf(inks.surface), crowd: rgbOf(inks.axis) };
  if (points) {
    const image = new ImageData(size, size);
    points.draw(image, state, code, colours);
    context.putImageData(image, 0, 0);
  } else {
    context.fillStyle = inks.surface;
    context.fillRect(0, 0, size, size);
  }
  // over the points, that numbers and places can be told in the thick of them
  const names = drawLines(context, state, size, unit, inks);
  sprites.draw(context, unit);
  drawTicks(context, state, size, unit, inks);
  drawNames(context, names, unit, inks);
}

/** Lines at round numbers; what is to be written beside them, [text, x, y]. */
function drawLines(context, { view, axes }, size, unit, inks) {
  const names = [];
  const name = (axis, tick) => (tick === 0 ? `z${axis + 1} = 0` : String(tick).replace("-", "−"));
  const line = (tick, ...ends) => {
    context.strokeStyle = tick === 0 ? inks.axis : inks.line;
    context.lineWidth = unit;
    context.beginPath();
    context.moveTo(...ends.slice(0, 2));
    context.lineTo(...ends.slice(2));
    context.stroke();
  };
  for (const tick of ticks(view.x - view.span, view.x + view.span)) {
    const [x] = toPixels(view, size, [tick, 0]);
    line(tick, x, 0, x, size);
    names.push([name(axes[0], tick), x + 4 * unit, size - 8 * unit]);
  }
  if (axes.length < 2) return names;
  for (const tick of ticks(view.y - view.span, view.y + view.span)) {
    const [, y] = toPixels(view, size, [0, tick]);
    line(tick, 0, y, size, y);
    if (y < size - 24 * unit) names.push([name(axes[1], tick), 9 * unit, y - 5 * unit]);
  }
  return names;
}

/** Short ticks at the edges, over the points. */
function drawTicks(context, { view, axes }, size, unit, { surface, ink }) {
  const line = (...ends) => {
    context.beginPath();
    context.moveTo(...ends.slice(0, 2));
    context.lineTo(...ends.slice(2));
    for (const [colour, width] of [
      [surface, 4],
      [ink, 1.5],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width * unit;
      context.stroke();
    }
  };
  for (const tick of ticks(view.x - view.span, view.x + view.span)) {
    const [x] = toPixels(view, size, [tick, 0]);
    line(x, size - TICK * unit, x, size);
  }
  if (axes.length < 2) return;
  for (const tick of ticks(view.y - view.span, view.y + view.span)) {
    const [, y] = toPixels(view, size, [0, tick]);
    line(0, y, TICK * unit, y);
  }
}

/** Numbers of the scale, readable over points. */
function drawNames(context, names, unit, inks) {
  context.font = `${11.5 * unit}px system-ui, sans-serif`;
  context.lineWidth = 4 * unit;
  context.lineJoin = "round";
  context.strokeStyle = inks.surface;
  context.fillStyle = inks.quiet;
  for (const one of names) context.strokeText(...one);
  for (const one of names) context.fillText(...one);
}
