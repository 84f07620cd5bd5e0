// One of two models side by side: its image, every label, and a grid over its first two latents.

import { rowOf } from "./arrays.js";
import { encodeParts, firstValues, leadingPart } from "./condition.js";
import { makeReader } from "./encoder.js";
import { makeEngine } from "./engine.js";
import { toPlane, withPlace } from "./geometry.js";
import { makePainter } from "./pixels.js";
import { makePrior } from "./prior.js";
import { oneOf, twoDecimals, withValue } from "./values.js";

const SIDE = 7; // cells of a grid
const VIEW = { x: 0, y: 0, span: 2.5 }; // of a grid, in widths of the prior

/** A model at work, without anything that is seen of it. */
export function makeModel(content, workerText) {
  const { parts } = content.condition;
  const leading = leadingPart(parts);
  const engine = makeEngine(content, workerText);
  const painter = makePainter(content);
  const values = firstValues(parts);
  const encode = (state) => encodeParts(parts, state.values);
  const model = {
    ...{ content, parts, engine, painter, encode, leading },
    labels: parts[leading].categories,
    prior: makePrior({ content, engine, encode }),
    /** y, as values of the parts, under a label by its name. */
    under: (name) => {
      const { size, categories } = parts[leading];
      return withValue(values, leading, oneOf(size, categories.indexOf(name)));
    },
  };
  // what is not set in this page is left to chance
  model.read = makeReader({ ...model, store: { state: { values } } });
  return model;
}

/** The section of a model; returns what draws a state of it, {z, label, read}. */
export function makePane(box, model, names, { choose, move, end }) {
  const { content, engine, painter } = model;
  const section = document.createElement("section");
  const id = `pane-${box.children.length}`;
  section.className = "pane";
  section.setAttribute("aria-labelledby", id);
  const title = add(section, "h2", content.name);
  title.id = id;
  const words = add(section, "p");
  words.className = "note";
  const body = add(section, "div");
  body.className = "pane-body";
  const image = add(body, "canvas");
  image.className = "pixels";
  image.setAttribute("role", "img");
  const tiles = add(body, "div");
  tiles.className = "pane-tiles";
  const buttons = names.map((name) => {
    const button = add(tiles, "button");
    const canvas = add(button, "canvas");
    canvas.className = "pixels";
    add(button, "span", name);
    button.setAttribute("aria-label", `${name}, by ${content.name}`);
    button.onclick = () => choose(name);
    return { button, canvas };
  });
  const frame = add(body, "div");
  frame.className = "pane-grid";
  const grid = add(frame, "canvas");
  const mark = add(frame, "i");
  grid.className = "pixels";
  grid.setAttribute("role", "img");
  grid.setAttribute("aria-label", `Grid over two latents of ${content.name}`);
  const axes = content.latents.order.slice(0, 2).sort((a, b) => a - b);
  // a line of one latent is no grid
  frame.hidden = axes.length < 2;
  follow(frame, (place) => move(axes, place), end);
  box.append(section);

  /** Every label, and the image of the one that is chosen, at z. */
  function drawLabels({ z, noise, label }) {
    const states = names.map((name) => {
      const values = model.under(name);
      return { values, z: noise ? [...model.prior.take({ values }, noise).z] : z };
    });
    const inputs = {
      rows: names.length,
      z: Float32Array.from(states.flatMap((state) => state.z)),
      y: Float32Array.from(states.flatMap((state) => [...model.encode(state)])),
    };
    engine.ask("labels", "decoder", inputs, (first, { x_mean }, rows) => {
      for (let row = 0; row < rows; row++) {
        painter.paint(buttons[first + row].canvas, x_mean.data, row);
        if (names[first + row] === label) painter.paint(image, x_mean.data, row);
      }
    });
  }

  /** The grid, of the label that is chosen. */
  function drawGrid({ z, label }) {
    if (frame.hidden) return;
    const rows = SIDE * SIDE;
    const all = new Float32Array(rows * z.length);
    for (let cell = 0; cell < rows; cell++) {
      const at = [(cell % SIDE) + 0.5, Math.floor(cell / SIDE) + 0.5];
      all.set(withPlace(z, axes, toPlane(VIEW, SIDE, at)), cell * z.length);
    }
    const y = model.encode({ values: model.under(label) });
    const [across, down] = [painter.width + 1, painter.height + 1];
    Object.assign(grid, { width: SIDE * across, height: SIDE * down });
    const context = grid.getContext("2d");
    engine.ask("grid", "decoder", { rows, z: all, y }, (first, { x_mean }, count) => {
      for (let row = 0; row < count; row++) {
        const picture = new ImageData(painter.width, painter.height);
        painter.put(picture, rowOf(x_mean.data, painter.size, row));
        const cell = first + row;
        const top = Math.floor(cell / SIDE) * down;
        context.putImageData(picture, (cell % SIDE) * across, top);
      }
    });
  }

  let drawn = {};

  function draw(state) {
    const { z, noise, label, reading } = state;
    if (drawn.z === z && drawn.label === label && drawn.noise === noise) return;
    const others = z.map((number, axis) => (axes.includes(axis) ? 0 : number)).join();
    drawLabels(state);
    if (drawn.label !== label || drawn.others !== others) drawGrid(state);
    drawn = { z, label, noise, others };
    const shown = [...z.slice(0, 4).map(twoDecimals), ...(z.length > 4 ? ["…"] : [])];
    const read = reading === null ? "" : `Reads the drawing as ${reading}. `;
    words.textContent = `${read}z = (${shown.join(", ")})`;
    image.setAttribute("aria-label", `${label}, by ${content.name}`);
    buttons.forEach(({ button }, place) =>
      button.setAttribute("aria-pressed", names[place] === label),
    );
    const share = (number) => 50 + (50 * number) / VIEW.span;
    const [left, up] = axes.map((axis) => share(z[axis]));
    mark.hidden = axes.length < 2 || [left, up].some((at) => at < 0 || at > 100);
    Object.assign(mark.style, { left: `${left}%`, top: `${100 - up}%` });
  }

  return { draw, image };
}

/** A pointer on a frame that shows VIEW: move(place) while it is down, end() when it was. */
function follow(frame, move, end) {
  let isDown = false;
  const placeAt = ({ clientX, clientY }) => {
    const box = frame.getBoundingClientRect();
    const at = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
    return toPlane(VIEW, 1, at);
  };
  frame.addEventListener("pointerdown", (event) => {
    frame.setPointerCapture(event.pointerId);
    isDown = true;
    move(placeAt(event));
  });
  frame.addEventListener("pointermove", (event) => {
    if (isDown) move(placeAt(event));
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    frame.addEventListener(kind, () => {
      if (isDown) end();
      isDown = false;
    });
  }
}

/** A new last child. */
function add(parent, kind, text = "") {
  const one = document.createElement(kind);
  one.textContent = text;
  parent.append(one);
  return one;
}
