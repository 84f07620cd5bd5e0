// A walk as files: PNG frames in an archive, or a video by the browser's own recorder.

import { blobOf, withScale } from "./enlarged.js";
import { zip } from "./zip.js";

const SIDE = 448;
const RATE = 24; // frames a second

/** A canvas on which images of a painter are as large as whole pixels allow. */
function stage(painter) {
  const factor = Math.max(1, Math.floor(SIDE / Math.max(painter.width, painter.height)));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: painter.width * factor, height: painter.height * factor });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const small = document.createElement("canvas");
  return {
    canvas,
    factor,
    show(numbers, row) {
      painter.paint(small, numbers, row);
      context.drawImage(small, 0, 0, canvas.width, canvas.height);
    },
  };
}

/** The frames as an archive of PNG files. */
export async function framesAsZip(painter, numbers, count) {
  const { canvas, factor, show } = stage(painter);
  const files = [];
  for (let row = 0; row < count; row++) {
    show(numbers, row);
    const blob = withScale(await blobOf(canvas), factor, painter);
    const name = `frame-${String(row + 1).padStart(3, "0")}.png`;
    files.push([name, new Uint8Array(await blob.arrayBuffer())]);
  }
  return zip(files);
}

/** The kinds of video that the browser records, the first that it knows. */
export function videoType() {
  if (!globalThis.MediaRecorder || !HTMLCanvasElement.prototype.captureStream) return null;
  const types = ["video/webm;codecs=vp9", "video/webm", "video/mp4"];
  return types.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/** The frames there and back as a video; shown(row) is called with each of them. */
export async function framesAsVideo(painter, numbers, count, shown) {
  const { canvas, show } = stage(painter);
  show(numbers, 0);
  const stream = canvas.captureStream(RATE);
  const recorder = new MediaRecorder(stream, { mimeType: videoType(), videoBitsPerSecond: 4e6 });
  const chunks = [];
  recorder.ondataavailable = ({ data }) => chunks.push(data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  const rows = [...Array(count).keys()];
  for (const row of [...rows, ...rows.reverse()]) {
    show(numbers, row);
    shown(row);
    await new Promise((resolve) => setTimeout(resolve, 1000 / RATE));
  }
  recorder.stop();
  await stopped;
  return new Blob(chunks, { type: recorder.mimeType });
}
