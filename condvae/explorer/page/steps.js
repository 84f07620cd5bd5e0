// The steps of "How it works": a picture, a name, a formula and numbers each.

/** A step at the end of a list; canvas is its picture, write(title, text, lines) its words. */
export function addStep(list) {
  const item = document.createElement("li");
  const frame = document.createElement("div");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", true);
  frame.append(canvas);
  const [name, formula] = ["h3", "code"].map((tag) => document.createElement(tag));
  const words = document.createElement("div");
  item.append(frame, name, formula, words);
  list.append(item);
  return {
    item,
    canvas,
    write(title, text, lines) {
      name.textContent = title;
      formula.textContent = text;
      words.replaceChildren(
        ...lines.map((line) => {
          const paragraph = document.createElement("p");
          paragraph.textContent = line;
          return paragraph;
        }),
      );
    },
  };
}

/** An empty context of a square canvas of so many units, as sharp as the screen. */
export function cleanSquare(canvas, side) {
  const unit = Math.min(devicePixelRatio, 2);
  Object.assign(canvas, { width: side * unit, height: side * unit });
  const context = canvas.getContext("2d");
  context.scale(unit, unit);
  return context;
}

const SIDE = 120;
const MOST_BARS = 16;

/** Numbers as bars about zero, three standard deviations high. */
export function drawBars(canvas, numbers, { axis, accent }) {
  const context = cleanSquare(canvas, SIDE);
  const shown = numbers.slice(0, MOST_BARS);
  const width = Math.min(24, (SIDE - 16) / shown.length);
  const left = (SIDE - width * shown.length) / 2;
  context.fillStyle = accent;
  shown.forEach((number, i) => {
    const height = (Math.min(3, Math.max(-3, number)) / 3) * (SIDE / 2 - 8);
    context.fillRect(left + (i + 0.15) * width, SIDE / 2, width * 0.7, -height);
  });
  context.strokeStyle = axis;
  context.beginPath();
  context.moveTo(8, SIDE / 2);
  context.lineTo(SIDE - 8, SIDE / 2);
  context.stroke();
}

/** Sizes of layers as bars from left to right, their heights by the logarithm. */
export function drawLayers(canvas, sizes, { quiet, accent, ink }) {
  const context = cleanSquare(canvas, SIDE);
  const most = Math.log(Math.max(...sizes) + 1);
  const step = (SIDE - 16) / sizes.length;
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  sizes.forEach((size, i) => {
    const height = (Math.log(size + 1) / most) * (SIDE - 44);
    const x = 8 + (i + 0.5) * step;
    context.fillStyle = i === 0 || i === sizes.length - 1 ? accent : quiet;
    context.fillRect(
      x - Math.min(7, step / 4),
      (SIDE - 16 - height) / 2,
      Math.min(14, step / 2),
      height,
    );
    context.fillStyle = ink;
    if (sizes.length <= 5 || i === 0 || i === sizes.length - 1) {
      context.fillText(String(size), x, SIDE - 4);
    }
  });
}

/**
 * q on the plane: an ellipse of one and one of two standard deviations, and draws of it.
 *
 * The view is that of q, not that of the plane: next to the prior q is small.
 */
export function drawPosterior(canvas, { mean, scale }, draws, axes, { axis, accent, ink, quiet }) {
  const context = cleanSquare(canvas, SIDE);
  const at = (z) => axes.map((one) => (z[one] - mean[one]) / reach);
  const reach = 3.2 * Math.max(1e-6, ...axes.map((one) => scale[one]));
  const pixel = ([x, y = 0]) => [(SIDE / 2) * (1 + x), (SIDE / 2) * (1 - y)];
  context.strokeStyle = axis;
  for (const ends of [
    [
      [-1, 0],
      [1, 0],
    ],
    [
      [0, -1],
      [0, 1],
    ],
  ]) {
    context.beginPath();
    for (const end of ends) context.lineTo(...pixel(end));
    context.stroke();
  }
  const [across, up = 0.002] = axes.map((one) => scale[one] / reach);
  context.strokeStyle = accent;
  for (const deviations of [1, 2]) {
    context.beginPath();
    const [rx, ry] = [across, up].map((share) => (deviations * share * SIDE) / 2);
    context.ellipse(SIDE / 2, SIDE / 2, rx, ry, 0, 0, 2 * Math.PI);
    context.lineWidth = deviations === 1 ? 2 : 1;
    context.stroke();
  }
  draws.forEach((z, age) => {
    context.beginPath();
    context.arc(...pixel(at(z)), age ? 2 : 4, 0, 2 * Math.PI);
    context.fillStyle = age ? quiet : ink;
    context.fill();
  });
  context.fillStyle = quiet;
  context.font = "10px system-ui, sans-serif";
  context.fillText(`z${axes[0] + 1} ± ${(2 * scale[axes[0]]).toFixed(2)}`, 4, SIDE - 4);
  if (axes.length > 1)
    context.fillText(`z${axes[1] + 1} ± ${(2 * scale[axes[1]]).toFixed(2)}`, 4, 11);
}
