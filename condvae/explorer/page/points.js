// Tens of thousands of points on a canvas, pixel by pixel: fast enough to pan and to zoom.

import { colourOf } from "./colours.js";

const MOST = 255; // points on one pixel that are told apart

/** What is drawn and looked up of the points of a page; those that `hasPicture` are ringed. */
export function makePoints(points, hasPicture) {
  const order = shuffled(points.count);
  const codes = Uint16Array.from(order, (row) => points.codes[row]);
  const ringed = [...order.keys()].filter((place) => hasPicture(order[place]));
  let known = { axes: null };
  let counts = new Uint8ClampedArray(0); // of the crowd, pixel by pixel

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

  /** Draws a class over a grey crowd, or all in colour, and nothing else, on a square image. */
  function draw(image, state, code, { surface, crowd }) {
    const { width: size, data } = image;
    const isMany = points.count > 10000;
    const side = Math.max(2, Math.round(size / (isMany ? 320 : 150)));
    const colours = points.names.map((_, i) => colourOf(i));
    const places = placesIn(state.axes);
    const { across, up } = scaleOf(state, size);
    const opacity = isMany ? 0.55 : 0.8;
    drawCrowd();
    for (let place = 0; place < points.count; place++) {
      if (code < 0 || codes[place] === code) square(place, side, colours[codes[place]], opacity);
    }
    const unit = Math.max(1, Math.round(size / 600));
    for (const place of ringed) {
      if (code >= 0 && codes[place] !== code) continue;
      square(place, side + 4 * unit, surface, 1);
      square(place, side + 2 * unit, colours[codes[place]], 1);
    }

    /** The other classes, or none: counted pixel by pixel, which is quick. */
    function drawCrowd() {
      if (counts.length !== size * size) counts = new Uint8ClampedArray(size * size);
      else counts.fill(0);
      const last = size - side;
      const [left, top] = [across.offset, up.offset].map((offset) => offset - side / 2 + 0.5);
      for (let place = 0; code >= 0 && place < points.count; place++) {
        if (codes[place] === code) continue;
        const x = Math.floor(left + across.factor * places.across[place]);
        const y = Math.floor(top + up.factor * places.up[place]);
        if (x < 0 || y < 0 || x > last || y > last) continue;
        for (let from = y * size + x, end = from + side * size; from < end; from += size) {
          for (let at = from; at < from + side; at++) counts[at] += 1;
        }
      }
      const inks = shades(surface, crowd, opacity / 2);
      const pixels = new Uint32Array(data.buffer);
      for (let at = 0; at < pixels.length; at++) pixels[at] = inks[counts[at]];
    }

    function square(place, width, [red, green, blue], share) {
      const x = Math.round(across.offset + across.factor * places.across[place] - width / 2);
      const y = Math.round(up.offset + up.factor * places.up[place] - width / 2);
      if (x < 0 || y < 0 || x + width > size || y + width > size) return;
      for (let i = y; i < y + width; i++) {
        for (let to = 4 * (i * size + x), end = to + 4 * width; to < end; to += 4) {
          data[to] += (red - data[to]) * share;
          data[to + 1] += (green - data[to + 1]) * share;
          data[to + 2] += (blue - data[to + 2]) * share;
        }
      }
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

/** Pixels, as numbers of four bytes, on which so many points of a colour lie. */
function shades(surface, colour, opacity) {
  const bytes = new Uint8ClampedArray(4 * (MOST + 1));
  for (let count = 0; count <= MOST; count++) {
    const left = (1 - opacity) ** count;
    bytes.set(
      [...surface.map((level, i) => colour[i] + (level - colour[i]) * left), 255],
      4 * count,
    );
  }
  return new Uint32Array(bytes.buffer);
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
