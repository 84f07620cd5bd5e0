// The manifold: an even grid over the visible region of the plane, decoded.

import { rowOf } from "./arrays.js";
import { leadingPart } from "./condition.js";
import { followPointers } from "./pointers.js";
import { toPixels, toPlane, placeOf, withPlace } from "./geometry.js";
import { oneOf, withValue } from "./values.js";

const SIDE = { one: 8, every: 4 };
const MOST_CLASSES = 12;
const TINY = 16; // pixels of a side: up to that images flow into each other without a gutter

/** The grid of a page; returns what draws it. */
export function makeGrid(page) {
  const { store, engine, painter, parts, encode, element } = page;
  const leading = leadingPart(parts);
  const box = element("grid");
  const classes = leading < 0 ? [] : parts[leading].categories.slice(0, MOST_CLASSES);
  const gutter = Math.max(painter.width, painter.height) <= TINY ? 1 : 0;
  const [across, down] = [painter.width + gutter, painter.height + gutter];
  let figures = [];
  let drawn = null;

  element("grid-tools").hidden = classes.length < 2;
  element("every").onchange = ({ target }) => store.commit({ every: target.checked });

  /** A canvas with a mark for z, and a caption where there are several. */
  function addFigure(side, caption) {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const picture = new ImageData(side * across, side * down);
    Object.assign(canvas, { width: picture.width, height: picture.height });
    const mark = document.createElement("i");
    const name = caption === null ? "Grid of decoded images" : `Grid of decoded images, ${caption}`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    const frame = document.createElement("div");
    frame.className = "frame";
    frame.append(canvas, mark);
    figure.append(frame);
    if (caption !== null) {
      const words = document.createElement("figcaption");
      words.textContent = caption;
      figure.append(words);
    }
    box.append(figure);
    followPointers(frame, store, {
      move: (place) => store.change({ z: withPlace(store.state.z, store.state.axes, place) }),
      end: () => store.commit(),
    });
    return { canvas, picture, mark, side };
  }

  /** One figure, or one for each class. */
  function rebuild(state) {
    box.replaceChildren();
    box.className = `${state.every ? "every" : ""} ${gutter ? "gutters" : ""}`.trim();
    const captions = state.every ? classes : [null];
    figures = captions.map((caption) => addFigure(SIDE[state.every ? "every" : "one"], caption));
  }

  return function draw(state, previous) {
    if (!figures.length || state.every !== previous.every) rebuild(state);
    element("every").checked = state.every;
    const y = figures.map((_, code) =>
      state.every
        ? encode({
            ...state,
            values: withValue(state.values, leading, oneOf(parts[leading].size, code)),
          })
        : encode(state),
    );
    // the grid covers both axes: only the other latents change it
    const rest = state.z.map((number, axis) => (state.axes.includes(axis) ? 0 : number));
    const key = [
      state.view,
      state.axes,
      state.every,
      rest.join(),
      y.map((part) => part.join()).join(),
    ];
    for (const { mark, side } of figures) showMark(mark, state, side);
    if (drawn && key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    decodeGrids(state, y);
  };

  /** The cell that z lies in. */
  function showMark(mark, state, side) {
    const [left, top] = toPixels(state.view, side, placeOf(state.z, state.axes)).map(Math.floor);
    mark.hidden = left < 0 || top < 0 || left >= side || top >= side;
    const size = 100 / side;
    Object.assign(mark.style, {
      left: `${left * size}%`,
      top: `${top * size}%`,
      width: `${size}%`,
      height: `${size}%`,
    });
  }

  /** Decodes all cells of all figures, those of a figure in reading order. */
  function decodeGrids(state, y) {
    const { side } = figures[0];
    const cells = side * side;
    const rows = cells * figures.length;
    const latents = state.z.length;
    const z = new Float32Array(rows * latents);
    const given = new Float32Array(rows * y[0].length);
    for (let row = 0; row < rows; row++) {
      const cell = row % cells;
      const at = [(cell % side) + 0.5, Math.floor(cell / side) + 0.5]; // the middle of the cell
      z.set(withPlace(state.z, state.axes, toPlane(state.view, side, at)), row * latents);
      given.set(y[Math.floor(row / cells)], row * y[0].length);
    }
    const asked = figures;
    let missing = rows;
    box.setAttribute("aria-busy", true);
    engine.ask("grid", "decoder", { rows, z, y: given }, (first, { x_mean }, count) => {
      if (figures !== asked) return; // one grid by now, or one for each class
      const changed = new Set();
      for (let row = 0; row < count; row++) {
        const cell = (first + row) % cells;
        const figure = figures[Math.floor((first + row) / cells)];
        const numbers = page.withGiven(state, rowOf(x_mean.data, painter.size, row));
        const [left, top] = [cell % side, Math.floor(cell / side)];
        painter.put(figure.picture, numbers, 0, left * across, top * down);
        changed.add(figure);
      }
      for (const { canvas, picture } of changed) {
        canvas.getContext("2d").putImageData(picture, 0, 0);
      }
      missing -= count;
      if (!missing) box.setAttribute("aria-busy", false);
    });
  }
}
