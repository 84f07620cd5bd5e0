// A square canvas in the pixels of the screen.

/**
 * Follows the size of a canvas, and calls redraw() when it changes.
 *
 * To ask for the size in the middle of a frame would have the browser lay out the page once more.
 */
export function makeSurface(canvas, redraw) {
  const surface = {
    side: canvas.clientWidth,

    /** An empty context in units of CSS. */
    clean() {
      const unit = Math.min(devicePixelRatio, 2);
      const size = Math.round(surface.side * unit);
      const context = canvas.getContext("2d");
      // a canvas that gets a size is made anew, also where it had that size
      if (canvas.width !== size) Object.assign(canvas, { width: size, height: size });
      context.setTransform(unit, 0, 0, unit, 0, 0);
      context.clearRect(0, 0, size, size);
      return context;
    },
  };
  new ResizeObserver(() => {
    surface.side = canvas.clientWidth;
    redraw();
  }).observe(canvas);
  return surface;
}
