// The latent plane: points, the handle that is z, what lies under the pointer.

import { drawBackdrop } from "./backdrop.js";
import { fittingView, placeOf, toPlane, withPlace, zoomed } from "./geometry.js";
import { readInks } from "./inks.js";
import { drawHandle } from "./handle.js";
import { writeLegend } from "./legend.js";
import { readingOf } from "./own.js";
import { followPointers } from "./pointers.js";
import { makePoints } from "./points.js";
import { makeSurface } from "./surface.js";
import { leadingPart } from "./condition.js";
import { oneOf, withValue } from "./values.js";

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
  const points = page.points && makePoints(page.points);
  const leading = leadingPart(parts);
  let hovered = null;

  overlay.setAttribute(
    "aria-label",
    `Latent plane of ${points ? `${points.count} encodings` : "z"}; arrow keys move z`,
  );

  followPointers(overlay, store, {
    move: (place) => store.change({ z: withPlace(store.state.z, store.state.axes, place) }),
    end(at, wasClick) {
      const row = wasClick ? pointAt(at) : -1;
      store.commit(row < 0 ? null : { z: points.z(row), ...labelOf(row) });
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
    else return;
    event.preventDefault();
  });

  const zoom = (factor) => store.commit({ view: zoomed(store.state.view, factor) });
  const fit = () => store.commit({ view: fittingView(page.points, store.state.axes) });
  page.element("zoom-in").onclick = () => zoom(1 / 1.4);
  page.element("zoom-out").onclick = () => zoom(1.4);
  page.element("fit").onclick = fit;
  chooseAxes(page);
  // elsewhere the row of labels tells the colours
  if (points && leading < 0) writeLegend(page.element("point-classes"), points.names);
  page.element("only-box").hidden = !points || leading < 0;
  page.element("only").onchange = ({ target }) => store.commit({ only: target.checked });

  /** The class that alone is shown, -1 for all. */
  function onlyOf({ only, values }) {
    if (!only || leading < 0 || !values[leading]) return -1;
    return values[leading].indexOf(Math.max(...values[leading]));
  }

  /** The point under a pixel, -1 without one. */
  function pointAt(at) {
    return points ? points.nearest(store.state, surface.side, at, NEAR, onlyOf(store.state)) : -1;
  }

  /** The condition of a point, as far as the page knows it: its class. */
  function labelOf(row) {
    const code = points.codes[row];
    if (leading < 0 || code >= parts[leading].size) return {};
    const { values } = store.state;
    return { values: withValue(values, leading, oneOf(parts[leading].size, code)) };
  }

  /** What is decoded under the pointer: a point under its own class, or the place. */
  function showPreview() {
    preview.hidden = !hovered;
    if (!hovered) return;
    const { state } = store;
    const { at, row } = hovered;
    const place = toPlane(state.view, surface.side, at);
    const z = row < 0 ? withPlace(state.z, state.axes, place) : points.z(row);
    const shown = row < 0 ? state : { ...state, ...labelOf(row) };
    // beside the pointer, on the side with more room
    preview.style.left = `${at[0] + (at[0] > surface.side / 2 ? -92 : 20)}px`;
    preview.style.top = `${Math.min(Math.max(at[1] - 36, 4), surface.side - 76)}px`;
    const inputs = { rows: 1, z: Float32Array.from(z), y: encode(shown) };
    engine.ask("hover", "decoder", inputs, (_, { x_mean }) =>
      painter.paint(preview, page.withGiven(state, x_mean.data)),
    );
  }

  let ofBase = [];
  let ofOverlay = [];

  /** Draws what changed. */
  function draw(state) {
    page.element("only").checked = state.only;
    const size = Math.round(surface.side * Math.min(devicePixelRatio, 2));
    if (!size) return;
    const only = onlyOf(state);
    const { view, axes, z, from, to, values, given, drawing } = state;
    const base = [size, view, axes, readInks()];
    if (isOther([...base, only], ofBase)) {
      ofBase = [...base, only];
      Object.assign(backdrop, { width: size, height: size });
      drawBackdrop(backdrop, state, points, only);
    }
    const prior = page.prior.normal(state);
    const row = hovered ? hovered.row : -1;
    const over = [...base, z, from, to, row, prior && values, given, drawing];
    if (!isOther(over, ofOverlay)) return;
    ofOverlay = over;
    const meant = row < 0 ? null : points.pixelOf(row, state, surface.side);
    drawHandle(surface, state, prior, readingOf(state), meant);
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
