// The 256 colours that stand for all colours of some pictures.

const MOST = 256;
const KEPT = 5; // bits of each channel that are told apart where there are too many colours

/**
 * The colours of pictures, [red, green, blue], and codeOf(pixel), which of them stands for one.
 *
 * A pixel is red, green, blue, alpha from its lowest byte on. Up to 256 colours stay as they are.
 */
export function paletteOf(frames) {
  const exact = new Map();
  for (const { data } of frames) {
    for (const pixel of new Uint32Array(data.buffer, data.byteOffset, data.length / 4)) {
      if (!exact.has(pixel)) exact.set(pixel, exact.size);
      if (exact.size > MOST) return byMedians(frames);
    }
  }
  return { colours: [...exact.keys()].map(channelsOf), codeOf: (pixel) => exact.get(pixel) };
}

const channelsOf = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];

/** Which cell of the coarse cube of colours a pixel lies in. */
function cellOf(pixel) {
  const [red, green, blue] = channelsOf(pixel).map((level) => level >> (8 - KEPT));
  return (red << (2 * KEPT)) | (green << KEPT) | blue;
}

/** Boxes of colours, halved where they are widest. Source: Heckbert 1982, median cut. */
function byMedians(frames) {
  const size = 2 ** (3 * KEPT);
  const counts = new Uint32Array(size);
  const sums = new Float64Array(3 * size);
  for (const { data } of frames) {
    for (const pixel of new Uint32Array(data.buffer, data.byteOffset, data.length / 4)) {
      const cell = cellOf(pixel);
      counts[cell] += 1;
      channelsOf(pixel).forEach((level, c) => (sums[3 * cell + c] += level));
    }
  }
  const mean = (cell, c) => sums[3 * cell + c] / counts[cell];
  const first = [...counts.keys()].filter((cell) => counts[cell]);
  const boxes = [measured(first, mean, counts)];
  while (boxes.length < MOST) {
    boxes.sort((a, b) => a.weight - b.weight);
    if (boxes.at(-1).cells.length < 2) break;
    const { cells, widest } = boxes.pop();
    cells.sort((a, b) => mean(a, widest) - mean(b, widest));
    const half = cells.reduce((sum, cell) => sum + counts[cell], 0) / 2;
    let cut = 0;
    for (let seen = 0; cut < cells.length - 1 && (cut === 0 || seen < half); cut++)
      seen += counts[cells[cut]];
    boxes.push(
      measured(cells.slice(0, cut), mean, counts),
      measured(cells.slice(cut), mean, counts),
    );
  }
  const codes = new Uint8Array(size);
  boxes.forEach(({ cells }, code) => cells.forEach((cell) => (codes[cell] = code)));
  return {
    colours: boxes.map(({ middle }) => middle.map(Math.round)),
    codeOf: (pixel) => codes[cellOf(pixel)],
  };
}

/** A box of cells: its mean colour, its widest channel, and how much there is to gain by a cut. */
function measured(cells, mean, counts) {
  const total = cells.reduce((sum, cell) => sum + counts[cell], 0);
  const ranges = [0, 1, 2].map((c) => {
    let [low, high, sum] = [Infinity, -Infinity, 0];
    for (const cell of cells) {
      const level = mean(cell, c);
      low = Math.min(low, level);
      high = Math.max(high, level);
      sum += level * counts[cell];
    }
    return { range: high - low, middle: sum / total };
  });
  const widest = ranges.reduce((best, { range }, c) => (range > ranges[best].range ? c : best), 0);
  const weight = cells.length > 1 ? ranges[widest].range * Math.sqrt(total) : 0;
  return { cells, widest, weight, middle: ranges.map(({ middle }) => middle) };
}
