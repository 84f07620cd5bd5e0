// A drawing as the part of a link that holds it: its levels, deflated, as text.

import { fromText, toText } from "./bytes.js";

const MOST_TEXT = 6000; // characters; a longer address is not sent whole
const known = new WeakMap(); // of drawings, the texts

/** Numbers in [0, 1] as a drawing: levels of 8 bits. */
export const drawingOf = (numbers) => Uint8Array.from(numbers, (n) => Math.round(255 * n));

/** What `packDrawing` has made of a drawing; empty until then, and where it is too long. */
export const packedDrawing = (drawing) => known.get(drawing) ?? "";

/** Makes the text of a drawing, which `packedDrawing` knows from then on. */
export async function packDrawing(drawing) {
  if (!drawing || known.has(drawing)) return;
  const stream = new Blob([drawing]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const packed = toText(new Uint8Array(await new Response(stream).arrayBuffer()));
  known.set(drawing, packed.length > MOST_TEXT ? "" : packed);
}

/** The drawing in a text, of so many levels; throws where there is none. */
export async function unpackDrawing(text, count) {
  if (text.length > MOST_TEXT) throw new Error("drawing");
  const packed = new Blob([fromText(text)]).stream();
  const reader = packed.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const drawing = new Uint8Array(count);
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    // a few bytes can stand for gigabytes: no more is taken than a drawing has
    if (length + part.value.length > count) throw new Error("drawing");
    drawing.set(part.value, length);
    length += part.value.length;
  }
  if (length !== count) throw new Error("drawing");
  known.set(drawing, text);
  return drawing;
}
