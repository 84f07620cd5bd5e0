// Saved images: as large as can be looked at, and read as the pixels that they show.

import { crc32 } from "./zip.js";

const KEYWORD = "condvae-scale"; // as in data/enlarged.py
const CELL = 112;
const HEADER_BYTES = 33; // a PNG's signature and its chunk IHDR
const MOST_BYTES = 4096; // in which the chunk is looked for: it stands before the pixels

/** A canvas as a PNG file in which each pixel is a square, and which says how large a one. */
export async function savedImage(canvas) {
  const scale = Math.ceil(CELL / Math.min(canvas.width, canvas.height));
  if (scale === 1) return blobOf(canvas);
  const large = document.createElement("canvas");
  Object.assign(large, { width: scale * canvas.width, height: scale * canvas.height });
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  return withScale(await blobOf(large), scale, canvas);
}

/** A PNG file that says by which factor its picture was enlarged, and from which size. */
export function withScale(png, scale, { width, height }) {
  const note = textChunk(`${KEYWORD}\0${scale} ${width} ${height}`);
  const parts = [png.slice(0, HEADER_BYTES), note, png.slice(HEADER_BYTES)];
  return new Blob(parts, { type: png.type });
}

/** A decoded picture of a file as it was before it was enlarged. */
export async function asDrawn(file, image) {
  const [scale, width, height] = await noteOf(file);
  if (scale === 1 || image.width !== scale * width || image.height !== scale * height) return image;
  const small = document.createElement("canvas");
  Object.assign(small, { width, height });
  const context = small.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, small.width, small.height);
  return small;
}

/** The factor, the width and the height that a PNG file names; factor 1 of any other. */
async function noteOf(file) {
  const bytes = await file.slice(0, MOST_BYTES).arrayBuffer();
  const view = new DataView(bytes);
  if (view.byteLength < HEADER_BYTES || view.getUint32(0) !== 0x89504e47) return [1];
  const nameOf = (from, length) => String.fromCharCode(...new Uint8Array(bytes, from, length));
  for (let at = 8; at + 12 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const length = view.getUint32(at);
    const kind = nameOf(at + 4, 4);
    if (kind === "IDAT" || at + 12 + length > view.byteLength) return [1];
    const text = kind === "tEXt" ? nameOf(at + 8, length) : "";
    const found = text.match(`^${KEYWORD}\0([0-9]{1,3}) ([0-9]{1,5}) ([0-9]{1,5})$`);
    if (found) return found.slice(1).map(Number);
  }
  return [1];
}

/** A canvas as a PNG file. */
export function blobOf(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** A chunk of text of a PNG file. Source: PNG, third edition, sections 5.3 and 11.3.3.2. */
function textChunk(text) {
  const body = Uint8Array.from(`tEXt${text}`, (letter) => letter.charCodeAt(0));
  const chunk = new DataView(new ArrayBuffer(body.length + 8));
  chunk.setUint32(0, text.length);
  new Uint8Array(chunk.buffer).set(body, 4);
  chunk.setUint32(body.length + 4, crc32(body));
  return chunk;
}
