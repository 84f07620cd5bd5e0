// Tens of thousands of points on a canvas, pixel by pixel: fast enough to pan and to zoom.

import { colourOf } from "./colours.js";

/** What is drawn and looked up of the points of a page; those that `hasPicture` are ringed. */
export function makePoints(points, hasPicture) {
  const order = shuffled(points.count);
  const codes = Uint16Array.from(order, (row) => points.codes[row]);
  const ringed = [...order.keys()].filter((place) => hasPicture(order[place]));
  let known = { axes: null };

  /**
   * The points' places in the plane, in an order of chance, so that no class lies on another.
   *
   * With one latent their heights are chance, but stay.
   */
  function placesIn(axes) {
    if (known.axes === axes) return known;
    const column = (axis) => Float32Array.from(order, (row) => points.at(row, axis));
    const chance = () => Float32Array.from(order, (row) => (row * 0.754877) % 1);
    const [across, up] = axes;
    known = { axes, across: column(across), up: axes.length > 1 ? column(up) : chance() };
    return known;
  }

  /** Where the points lie on a square of `size`: pixel = offset + factor * place. */
  function scaleOf({ view, axes }, size) {
    const factor = size / (2 * view.span);
    const across = { factor, offset: size / 2 - factor * view.x };
    if (axes.length < 2) return { across, up: { factor: size * 0.9, offset: size * 0.05 } };
    return { across, up: { factor: -factor, offset: size / 2 + factor * view.y } };
  }

  /** Draws them over an image of the background: a class over a grey crowd, or all in colour. */
  function draw(image, state, code, { surface, crowd }) {
    const { width: size, data } = image;
    const isCrowd = points.count > 10000;
    const side = Math.max(2, Math.round(size / (isCrowd ? 320 : 150)));
    const colours = points.names.map((_, i) => (code < 0 || i === code ? colourOf(i) : crowd));
    const places = placesIn(state.axes);
    const { across, up } = scaleOf(state, size);

    function square(place, width, colour, opacity) {
      const x = Math.round(across.offset + across.factor * places.across[place] - width / 2);
      const y = Math.round(up.offset + up.factor * places.up[place] - width / 2);
      if (x < 0 || y < 0 || x + width > size || y + width > size) return;
      const [red, green, blue] = colour;
      for (let i = y; i < y + width; i++) {
        for (let to = 4 * (i * size + x), end = to + 4 * width; to < end; to += 4) {
          data[to] += (red - data[to]) * opacity;
          data[to + 1] += (green - data[to + 1]) * opacity;
          data[to + 2] += (blue - data[to + 2]) * opacity;
        }
      }
    }

    const opacity = isCrowd ? 0.55 : 0.8;
    for (const isOver of code < 0 ? [false] : [false, true]) {
      for (let place = 0; place < points.count; place++) {
        if (code >= 0 && (codes[place] === code) !== isOver) continue;
        square(place, side, colours[codes[place]], code < 0 || isOver ? opacity : opacity / 2);
      }
    }
    const unit = Math.max(1, Math.round(size / 600));
    for (const place of ringed) {
      if (code >= 0 && codes[place] !== code) continue;
      square(place, side + 4 * unit, surface, 1);
      square(place, side + 2 * unit, colours[codes[place]], 1);
    }
  }

  /** The point next to a pixel, within `most` of them; ringed ones and those of a class first. */
  function nearest(state, size, [left, top], most, code = -1) {
    const places = placesIn(state.axes);
    const { across, up } = scaleOf(state, size);
    const distance = (place) => {
      const x = across.offset + across.factor * places.across[place] - left;
      const y = up.offset + up.factor * places.up[place] - top;
      return x * x + y * y;
    };
    const isMeant = (place) => code < 0 || codes[place] === code;
    let [found, least] = [-1, most * most];
    const look = (place) => {
      const squared = distance(place);
      if (squared < least) [found, least] = [place, squared];
    };
    for (const place of ringed) if (isMeant(place)) look(place);
    for (const isFirst of code < 0 ? [true] : [true, false]) {
      if (found >= 0) break;
      for (let place = 0; place < points.count; place++)
        if (isMeant(place) === isFirst) look(place);
    }
    return found < 0 ? -1 : order[found];
  }

  /** Where one of them lies on a square of `size`. */
  function pixelOf(row, state, size) {
    const { across, up } = scaleOf(state, size);
    const [x, y] = state.axes.map((axis) => points.at(row, axis));
    return [
      across.offset + across.factor * x,
      up.offset + up.factor * (state.axes.length > 1 ? y : (row * 0.754877) % 1),
    ];
  }

  return { ...points, draw, nearest, pixelOf };
}

/** The numbers below a count in an order of chance, the same at each time. */
function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let seed = 1;
  for (let i = count - 1; i > 0; i--) {
    // Source: Park & Miller 1988, "Random number generators: good ones are hard to find"
    seed = (seed * 48271) % 2147483647;
    const other = seed % (i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}
