// What lies over the points of the plane: z, the prior, the walk, the point that is meant.

import { readInks } from "./inks.js";
import { placeOf, toPixels } from "./geometry.js";

/**
 * Draws the marks on a surface.
 *
 * `prior` is {mean, scale} or null, `posterior` {z, scale} of the sheet or null; `meant` and
 * `looked` are the pixels of the point under the pointer and of the one that is looked at, or null.
 */
export function drawHandle(surface, state, prior, posterior, { meant, looked }) {
  const context = surface.clean();
  const { ink, accent, surface: paper } = readInks();
  const at = (z) => toPixels(state.view, surface.side, placeOf(z, state.axes));

  const stroke = (colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  };
  const ring = ([x, y], radius, width) => {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    stroke(paper, width + 2.5);
    stroke(ink, width);
  };

  const ellipse = (mean, scale, deviations) => {
    const [x, y] = at(mean);
    const [right, top] = at(mean.map((number, i) => number + deviations * scale[i]));
    context.beginPath();
    context.ellipse(x, y, Math.abs(right - x), Math.abs(top - y) || 1, 0, 0, 2 * Math.PI);
  };

  if (prior) {
    ellipse(prior.mean, prior.scale, 1);
    stroke(ink, 1);
  }
  if (posterior) {
    ellipse(posterior.z, posterior.scale, 2);
    stroke(paper, 4.5);
    stroke(accent, 2);
  }
  const { from, to } = state;
  if (from && to) {
    context.beginPath();
    context.moveTo(...at(from.z));
    context.lineTo(...at(to.z));
    stroke(paper, 4);
    stroke(ink, 1.5);
  }
  for (const end of [from, to]) if (end) ring(at(end.z), 3, 2);
  if (meant) ring(meant, 5, 1.5);
  if (looked) {
    const [x, y] = looked;
    context.beginPath();
    context.rect(x - 13, y - 13, 26, 26);
    stroke(paper, 5);
    stroke(accent, 2);
  }
  ring(at(state.z), 9, 3);
  context.beginPath();
  context.arc(...at(state.z), 2, 0, 2 * Math.PI);
  context.fillStyle = ink;
  context.fill();
}
