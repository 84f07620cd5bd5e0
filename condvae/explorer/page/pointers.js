// Mouse, pen and fingers on a square of the plane: one moves z, two or Shift move the view.

import { toPlane, zoomed } from "./geometry.js";

const STILL = 4; // pixels that a click may move

/**
 * Listens on an element that shows `store.state.view`, also where it is stretched.
 *
 * move(place, isStart) is called while z is dragged, end(pixel, wasClick) when it was,
 * hover(pixel or null) while nothing is pressed.
 */
export function followPointers(element, store, { move, end, hover = () => {} }) {
  const pressed = new Map();
  let start = null;
  let mode = null;

  const pixel = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, ((event.clientY - box.top) * box.width) / box.height];
  };
  const placeAt = (at) => toPlane(store.state.view, element.clientWidth, at);

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    event.preventDefault();
    const at = pixel(event);
    pressed.set(event.pointerId, at);
    hover(null);
    if (pressed.size === 2 || event.shiftKey || event.button === 1) {
      mode = "view";
      return;
    }
    mode = "z";
    start = { at, moved: false };
    move(placeAt(at), true);
  });

  element.addEventListener("pointermove", (event) => {
    const at = pixel(event);
    if (!pressed.has(event.pointerId)) {
      if (event.pointerType === "mouse") hover(at);
      return;
    }
    const before = [...pressed.values()];
    pressed.set(event.pointerId, at);
    if (mode === "z") {
      start.moved ||= Math.hypot(at[0] - start.at[0], at[1] - start.at[1]) > STILL;
      move(placeAt(at), false);
    } else if (mode === "view") {
      store.change({ view: moved(store.state.view, before, [...pressed.values()]) });
    }
  });

  for (const kind of ["pointerup", "pointercancel"]) {
    element.addEventListener(kind, (event) => {
      if (!pressed.delete(event.pointerId)) return;
      if (mode === "z") end(pixel(event), !start.moved && kind === "pointerup");
      else if (!pressed.size) store.commit();
      // what a second finger leaves behind is still about the view
      mode = pressed.size ? "view" : null;
    });
  }
  element.addEventListener("pointerleave", () => hover(null));

  element.addEventListener(
    "wheel",
    (event) => {
      // without the focus the wheel scrolls the page
      if (document.activeElement !== element && !event.ctrlKey) return;
      event.preventDefault();
      const factor = Math.exp(Math.max(-100, Math.min(100, event.deltaY)) * 0.002);
      store.commit({ view: zoomed(store.state.view, factor, placeAt(pixel(event))) });
    },
    { passive: false },
  );

  /** The view after fingers moved: their middle keeps its place, their distance the scale. */
  function moved(view, before, after) {
    const size = element.clientWidth;
    const middle = (all) => [0, 1].map((i) => all.reduce((sum, at) => sum + at[i], 0) / all.length);
    const apart = (all) =>
      all.length < 2 ? 1 : Math.max(20, Math.hypot(all[0][0] - all[1][0], all[0][1] - all[1][1]));
    const from = toPlane(view, size, middle(before));
    const scaled = zoomed(view, apart(before) / apart(after), from);
    const to = toPlane(scaled, size, middle(after));
    return { ...scaled, x: scaled.x + from[0] - to[0], y: scaled.y + from[1] - to[1] };
  }
}
