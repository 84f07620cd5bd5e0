// The latent plane: points, the handle that is z, what lies under the pointer.

import { drawBackdrop } from "./backdrop.js";
import { fittingView, placeOf, toPixels, toPlane, withPlace, zoomed } from "./geometry.js";
import { readInks } from "./inks.js";
import { drawHandle } from "./handle.js";
import { writeLegend } from "./legend.js";
import { readingOf } from "./own.js";
import { followPointers } from "./pointers.js";
import { makePoints } from "./points.js";
import { makeSprites } from "./sprites.js";
import { makeSurface } from "./surface.js";
import { leadingPart } from "./condition.js";

const NEAR = 7; // pixels within which a point is meant
const KEYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** The plane of a page; returns what draws it. */
export function makePlane(page) {
  const { store, engine, painter, parts, encode } = page;
  const [backdrop, overlay, preview] = ["points", "handle", "preview"].map(page.element);
  const surface = makeSurface(overlay, () => draw(store.state));
  const { pictures } = page;
  const points = page.points && makePoints(page.points, pictures.has);
  const sprites = makeSprites(page, points?.pixelOf);
  const leading = leadingPart(parts);
  let hovered = null;

  overlay.setAttribute(
    "aria-label",
    `Latent plane of ${points ? `${points.count} encodings` : "z"}; arrow keys move z`,
  );

  followPointers(overlay, store, {
    move: (place) => store.change({ z: withPlace(store.state.z, store.state.axes, place) }),
    end(at, wasClick) {
      if (!wasClick) return store.commit();
      const row = pointAt(at);
      if (row < 0) store.commit({ point: null });
      else page.look(row);
    },
    hover(at) {
      hovered = at && { at, row: pointAt(at) };
      showPreview();
      draw(store.state);
    },
  });

  overlay.addEventListener("keydown", (event) => {
    const { state } = store;
    const direction = KEYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction) {
      const stride = state.view.span * (event.shiftKey ? 0.1 : 0.02);
      const [across, up] = placeOf(state.z, state.axes);
      const place = [across + direction[0] * stride, up + direction[1] * stride];
      store.commit({ z: withPlace(state.z, state.axes, place) });
    } else if (event.key === "+" || event.key === "=") zoom(1 / 1.4);
    else if (event.key === "-") zoom(1.4);
    else if (event.key === "0" || event.key === "Home") fit();
    else if (event.key === "Enter" && points) lookAtNext(state);
    else return;
    event.preventDefault();
  });

  /** The point next to z, as far as the view goes. */
  function lookAtNext(state) {
    const { side } = surface;
    const at = toPixels(state.view, side, placeOf(state.z, state.axes));
    const row = points.nearest(state, side, at, side, codeAtHand(state));
    if (row >= 0) page.look(row);
  }

  const zoom = (factor) => store.commit({ view: zoomed(store.state.view, factor) });
  const fit = () => store.commit({ view: fitOf(store.state.axes) });
  let known = {};

  /** The view that shows nearly all points. */
  function fitOf(axes) {
    if (known.axes !== axes) known = { axes, view: fittingView(page.points, axes) };
    return known.view;
  }

  page.element("zoom-in").onclick = () => zoom(1 / 1.4);
  page.element("zoom-out").onclick = () => zoom(1.4);
  page.element("fit").onclick = fit;
  chooseAxes(page);
  // elsewhere the row of labels tells the colours
  if (points && leading < 0) writeLegend(page.element("point-classes"), points.names);
  page.element("all-box").hidden = !points || leading < 0;
  page.element("all").onchange = ({ target }) => store.commit({ all: target.checked });
  page.element("ringed").hidden = !pictures.rows.length;

  /** The class that stands out, -1 for all. */
  function codeAtHand({ all, values }) {
    if (all || leading < 0 || !values[leading]) return -1;
    return values[leading].indexOf(Math.max(...values[leading]));
  }

  /** The point under a pixel, or whose image lies there, -1 without one. */
  function pointAt(at) {
    const { state } = store;
    const row = sprites.rowAt(at);
    if (row >= 0 || !points) return row;
    return points.nearest(state, surface.side, at, NEAR, codeAtHand(state));
  }

  /** What lies under the pointer: a point's image, or decoded under its class, or the place. */
  function showPreview() {
    preview.hidden = !hovered;
    if (!hovered) return;
    const { state } = store;
    const { at, row } = hovered;
    const place = toPlane(state.view, surface.side, at);
    const z = row < 0 ? withPlace(state.z, state.axes, place) : points.z(row);
    const ofRow = () => ({ values: page.valuesOf(row), given: page.givenOf(row) });
    const shown = row < 0 ? state : { ...state, ...ofRow() };
    // beside the pointer, on the side with more room
    preview.style.left = `${at[0] + (at[0] > surface.side / 2 ? -92 : 20)}px`;
    preview.style.top = `${Math.min(Math.max(at[1] - 36, 4), surface.side - 76)}px`;
    if (pictures.has(row)) {
      pictures.paint(preview, row);
      return;
    }
    const inputs = { rows: 1, z: Float32Array.from(z), y: encode(shown) };
    engine.ask("hover", "decoder", inputs, (_, { x_mean }) =>
      painter.paint(preview, page.withGiven(state, x_mean.data)),
    );
  }

  let ofBase = [];
  let ofOverlay = [];

  /** Draws what changed. */
  function draw(state) {
    page.element("all").checked = state.all;
    const size = Math.round(surface.side * Math.min(devicePixelRatio, 2));
    if (!size) return;
    const code = codeAtHand(state);
    const { view, axes, z, from, to, values, given, drawing } = state;
    const base = [size, view, axes, readInks()];
    if (isOther([...base, code], ofBase)) {
      ofBase = [...base, code];
      Object.assign(backdrop, { width: size, height: size });
      sprites.place(state, surface.side, code, fitOf(axes));
      drawBackdrop(backdrop, state, points, code, sprites);
    }
    const prior = page.prior.normal(state);
    const row = hovered ? hovered.row : -1;
    const over = [...base, z, from, to, row, prior && values, given, drawing, state.point];
    if (!isOther(over, ofOverlay)) return;
    ofOverlay = over;
    const pixel = (one) => points.pixelOf(one, state, surface.side);
    const marked = {
      meant: row < 0 ? null : pixel(row),
      looked: state.point === null ? null : pixel(state.point),
    };
    drawHandle(surface, state, prior, readingOf(state), marked);
  }

  return draw;
}

/** Whether two lists differ. */
const isOther = (a, b) => a.length !== b.length || a.some((part, i) => part !== b[i]);

/** Which latents the plane shows, where there are more than two. */
function chooseAxes({ element, content, store, points }) {
  const { order } = content.latents;
  if (order.length <= 2) return;
  element("axes").hidden = false;
  const selects = [element("axis-x"), element("axis-y")];
  selects.forEach((select, i) => {
    for (const axis of order) select.add(new Option(`z${axis + 1}`, axis));
    select.value = store.state.axes[i];
    select.onchange = () => {
      const axes = [...store.state.axes];
      // the same latent twice: they change places
      if (axes[1 - i] === Number(select.value)) axes[1 - i] = axes[i];
      axes[i] = Number(select.value);
      store.commit({ axes, view: fittingView(points, axes) });
    };
  });
  store.onChange(({ axes }) => selects.forEach((select, i) => (select.value = axes[i])));
}
