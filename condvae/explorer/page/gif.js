// Pictures as an animated GIF: the one moving image that every program shows.
//
// Written here, as the published encoders are either no longer kept or larger than all of this.
// Source: GIF89a Specification, CompuServe 1990; its appendix F for the variable-length codes.

import { paletteOf } from "./gif_colours.js";

const MOST_CODES = 4096;

/**
 * An animation that repeats for ever, as bytes.
 *
 * `frames` are pictures of one size, {width, height, data of RGBA}; `delays` are hundredths of a
 * second, one for each of them.
 */
export function gif(frames, delays) {
  const { width, height } = frames[0];
  const { colours, codeOf } = paletteOf(frames);
  const bits = Math.max(1, Math.ceil(Math.log2(colours.length)));
  const table = new Uint8Array(3 * 2 ** bits);
  colours.forEach((colour, code) => table.set(colour, 3 * code));
  const parts = [
    text("GIF89a"),
    Uint8Array.of(...short(width), ...short(height), 0x80 | (bits - 1), 0, 0),
    table,
    // an extension by which browsers repeat: zero stands for without end
    Uint8Array.of(0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0),
  ];
  frames.forEach(({ data }, place) => {
    const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
    parts.push(
      Uint8Array.of(0x21, 0xf9, 4, 0, ...short(delays[place]), 0, 0),
      Uint8Array.of(0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0),
      ...blocks(compress(Uint8Array.from(pixels, codeOf), Math.max(2, bits))),
    );
  });
  return new Blob([...parts, Uint8Array.of(0x3b)], { type: "image/gif" });
}

const text = (words) => Uint8Array.from(words, (character) => character.charCodeAt(0));
const short = (number) => [number & 255, number >> 8];

/** Bytes in the blocks of at most 255 that images consist of; the first byte stands alone. */
function blocks(bytes) {
  const parts = [bytes.subarray(0, 1)];
  for (let start = 1; start < bytes.length; start += 255) {
    const block = bytes.subarray(start, start + 255);
    parts.push(Uint8Array.of(block.length), block);
  }
  return [...parts, Uint8Array.of(0)];
}

/** Codes of `bits` bits each, compressed by LZW, behind the byte that says how many bits. */
function compress(codes, bits) {
  const [clear, end] = [2 ** bits, 2 ** bits + 1];
  let bytes = new Uint8Array(1024);
  bytes[0] = bits;
  let length = 1;
  let [held, waiting] = [0, 0];
  let width = bits + 1;
  let next = end + 1;
  // the code of a known sequence and one more: place = sequence * 256 + more
  const known = new Uint16Array(MOST_CODES * 256);

  function write(code) {
    held |= code << waiting;
    for (waiting += width; waiting >= 8; waiting -= 8, held >>>= 8) put(held & 255);
  }

  function put(byte) {
    if (length === bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(bytes);
      bytes = larger;
    }
    bytes[length++] = byte;
  }

  write(clear);
  let sequence = codes[0];
  for (let i = 1; i < codes.length; i++) {
    const place = sequence * 256 + codes[i];
    if (known[place]) {
      sequence = known[place];
      continue;
    }
    write(sequence);
    if (next < MOST_CODES) {
      // a reader knows this sequence one code later, and by then reads one bit more
      if (next === 2 ** width) width += 1;
      known[place] = next++;
    } else {
      write(clear);
      known.fill(0);
      [next, width] = [end + 1, bits + 1];
    }
    sequence = codes[i];
  }
  write(sequence);
  write(end);
  if (waiting) put(held & 255);
  return bytes.subarray(0, length);
}
