// A square canvas in the pixels of the screen.

/** An empty context of a canvas as large as it is shown, in CSS units; null while it is hidden. */
export function cleanContext(canvas) {
  const unit = Math.min(devicePixelRatio, 2);
  const size = Math.round(canvas.clientWidth * unit);
  if (!size) return null;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  // a canvas that gets a size is made anew, also where it had that size
  if (canvas.width !== size) Object.assign(canvas, { width: size, height: size });
  context.setTransform(unit, 0, 0, unit, 0, 0);
  context.clearRect(0, 0, size, size);
  return context;
}
