// The latent plane: points, the handle that is z, what lies under the pointer.

import { fittingView, placeOf, ticks, toPixels, toPlane, withPlace, zoomed } from "./geometry.js";
import { followPointers } from "./pointers.js";
import { makePoints } from "./points.js";
import { leadingPart, oneOf, withValue } from "./condition.js";

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
  const [box, base, overlay, preview] = ["plane", "points", "handle", "preview"].map(page.element);
  const points = page.points && makePoints(page.points);
  const leading = leadingPart(parts);
  let hovered = null;
  let drawn = null;

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
      drawOverlay(store.state);
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
  page.element("only-box").hidden = !points || leading < 0;
  page.element("only").onchange = ({ target }) => store.commit({ only: target.checked });

  /** The class that alone is shown, -1 for all. */
  function onlyOf({ only, values }) {
    if (!only || leading < 0 || !values[leading]) return -1;
    return values[leading].indexOf(Math.max(...values[leading]));
  }

  /** The point under a pixel, -1 without one. */
  function pointAt(at) {
    return points
      ? points.nearest(store.state, box.clientWidth, at, NEAR, onlyOf(store.state))
      : -1;
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
    const place = toPlane(state.view, box.clientWidth, at);
    const z = row < 0 ? withPlace(state.z, state.axes, place) : points.z(row);
    const shown = row < 0 ? state : { ...state, ...labelOf(row) };
    preview.style.left = `${at[0] + (at[0] > box.clientWidth / 2 ? -92 : 20)}px`;
    preview.style.top = `${Math.min(Math.max(at[1] - 36, 4), box.clientWidth - 76)}px`;
    const inputs = { rows: 1, z: Float32Array.from(z), y: encode(shown) };
    engine.ask("hover", "decoder", inputs, (_, { x_mean }) =>
      painter.paint(preview, page.withGiven(state, x_mean.data)),
    );
  }

  /** Draws what changed. */
  function draw(state) {
    const size = Math.round(box.clientWidth * Math.min(devicePixelRatio, 2));
    if (!size) return;
    const key = [size, onlyOf(state), state.view, state.axes, page.theme()];
    if (drawn?.some((part, i) => part !== key[i]) ?? true) {
      drawn = key;
      drawBase(state, size);
    }
    drawOverlay(state);
  }

  /** The background, its scale and the points. */
  function drawBase(state, size) {
    Object.assign(base, { width: size, height: size });
    const context = base.getContext("2d", { willReadFrequently: true });
    const style = getComputedStyle(box);
    context.fillStyle = style.getPropertyValue("--surface");
    context.fillRect(0, 0, size, size);
    const names = drawLines(context, state, size, style);
    if (points) {
      const image = context.getImageData(0, 0, size, size);
      points.draw(image, state, onlyOf(state));
      context.putImageData(image, 0, 0);
    }
    drawNames(context, names, size / box.clientWidth, style);
  }

  /** Lines at round numbers; what is to be written beside them, [text, x, y]. */
  function drawLines(context, { view, axes }, size, style) {
    const unit = size / box.clientWidth;
    const names = [];
    const named = (axis, tick) =>
      tick === 0 ? `z${axis + 1} = 0` : String(tick).replace("-", "−");
    const line = (tick, ...ends) => {
      context.strokeStyle = style.getPropertyValue(tick === 0 ? "--axis" : "--line");
      context.lineWidth = unit;
      context.beginPath();
      context.moveTo(...ends.slice(0, 2));
      context.lineTo(...ends.slice(2));
      context.stroke();
    };
    for (const tick of ticks(view.x - view.span, view.x + view.span)) {
      const [x] = toPixels(view, size, [tick, 0]);
      line(tick, x, 0, x, size);
      names.push([named(axes[0], tick), x + 4 * unit, size - 7 * unit]);
    }
    if (axes.length < 2) return names;
    for (const tick of ticks(view.y - view.span, view.y + view.span)) {
      const [, y] = toPixels(view, size, [0, tick]);
      line(tick, 0, y, size, y);
      if (y < size - 24 * unit) names.push([named(axes[1], tick), 6 * unit, y - 5 * unit]);
    }
    return names;
  }

  /** Numbers of the scale, readable over points. */
  function drawNames(context, names, unit, style) {
    context.font = `${11.5 * unit}px system-ui, sans-serif`;
    context.lineWidth = 4 * unit;
    context.lineJoin = "round";
    context.strokeStyle = style.getPropertyValue("--surface");
    context.fillStyle = style.getPropertyValue("--quiet");
    for (const name of names) context.strokeText(...name);
    for (const name of names) context.fillText(...name);
  }

  /** The handle, the walk, the prior, and the point under the pointer. */
  function drawOverlay(state) {
    const size = base.width;
    const unit = size / box.clientWidth;
    Object.assign(overlay, { width: size, height: size });
    const context = overlay.getContext("2d");
    const style = getComputedStyle(box);
    const [ink, paper] = [style.getPropertyValue("--ink"), style.getPropertyValue("--surface")];
    const at = (place) => toPixels(state.view, size, place);
    const stroke = (colour, width) => {
      context.strokeStyle = colour;
      context.lineWidth = width * unit;
      context.stroke();
    };
    const ring = ([x, y], radius, width) => {
      context.beginPath();
      context.arc(x, y, radius * unit, 0, 2 * Math.PI);
      stroke(paper, width + 2.5);
      stroke(ink, width);
    };
    const prior = page.prior.normal(state);
    if (prior) {
      const [x, y] = at(placeOf(prior.mean, state.axes));
      const [right, top] = at(
        placeOf(
          prior.mean.map((m, i) => m + prior.scale[i]),
          state.axes,
        ),
      );
      context.beginPath();
      context.ellipse(x, y, Math.abs(right - x), Math.abs(top - y) || unit, 0, 0, 2 * Math.PI);
      stroke(ink, 1);
    }
    const { from, to } = state;
    if (from && to) {
      context.beginPath();
      context.moveTo(...at(placeOf(from.z, state.axes)));
      context.lineTo(...at(placeOf(to.z, state.axes)));
      stroke(paper, 4);
      stroke(ink, 1.5);
    }
    for (const end of [from, to]) if (end) ring(at(placeOf(end.z, state.axes)), 3, 2);
    if (hovered && hovered.row >= 0)
      ring(at(points.placeOf(hovered.row, state.axes, state.view)), 5, 1.5);
    const here = at(placeOf(state.z, state.axes));
    ring(here, 9, 3);
    context.beginPath();
    context.arc(...here, 2 * unit, 0, 2 * Math.PI);
    context.fillStyle = ink;
    context.fill();
  }

  new ResizeObserver(() => draw(store.state)).observe(box);
  return draw;
}

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
