// What is seen as one picture to show: the image, the grid, every label, and words that say so.

import { inWords } from "./condition.js";
import { readInks } from "./inks.js";
import { twoDecimals } from "./values.js";

const [WIDTH, HEIGHT] = [1200, 630]; // as previews of links are cut
const MARGIN = 48;
const TOP = 138; // of the pictures
const SIDE = HEIGHT - TOP - 44; // of the two large ones, at most
const CAPTION = 22; // pixels, the height of a line below a tile
const MOST_TILES = 10;
const GAP = 24;
const FONT = "system-ui, sans-serif";

/** Adds the button that saves a card behind another one. */
export function offerCard(page) {
  const button = document.createElement("button");
  button.id = "card";
  button.textContent = "Save card";
  button.title = "A picture of 1,200 pixels: the image, the grid, every label";
  page.element("save").after(button);
  button.onclick = () =>
    drawCard(page).toBlob((blob) => page.download(blob, `${page.content.name}-card.png`));
}

/** The card of what a page shows, a canvas. */
function drawCard({ content, parts, store, element }) {
  const { state } = store;
  const given = parts.length ? inWords(parts, state.values) : "given a part of an image";
  const z = state.z.slice(0, 4).map(twoDecimals).join(", ");
  const tiles = [...document.querySelectorAll("#labels button, #samples button")];
  return makeCard({
    title: content.name,
    words: `${given}  ·  z = (${z}${state.z.length > 4 ? ", …" : ""})`,
    pictures: [element("image"), document.querySelector("#grid canvas")].filter(Boolean),
    tiles: tiles.slice(0, MOST_TILES).map((button) => ({
      canvas: button.querySelector("canvas"),
      name: button.querySelector("span").textContent,
    })),
    isSmooth: document.body.classList.contains("smooth"),
  });
}

/** A card: a title, a line, pictures side by side, tiles with names in two columns. */
export function makeCard({ title, words, pictures, tiles, isSmooth }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext("2d");
  const inks = readInks();
  context.fillStyle = inks.surface;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  const write = (text, size, weight, colour, x, y, most) => {
    context.font = `${weight} ${size}px ${FONT}`;
    context.fillStyle = colour;
    context.fillText(text, x, y, most);
  };
  write(title, 40, 650, inks.ink, MARGIN, 68, WIDTH - 2 * MARGIN);
  write(words, 25, 400, inks.quiet, MARGIN, 110, WIDTH - 2 * MARGIN);
  context.imageSmoothingEnabled = isSmooth;
  let left = MARGIN;
  for (const picture of pictures) {
    const [width, height] = scaled(picture, SIDE, isSmooth);
    context.drawImage(picture, left, TOP, width, height);
    left += width + GAP;
  }
  context.textAlign = "center";
  const rows = Math.ceil(tiles.length / 2);
  const room = Math.min(SIDE / rows - CAPTION - 6, (WIDTH - MARGIN - left - GAP / 2) / 2);
  const column = (WIDTH - MARGIN - left + GAP / 2) / 2;
  tiles.forEach(({ canvas: tile, name }, place) => {
    const [width, height] = scaled(tile, room, isSmooth);
    const x = left + column * (place % 2);
    const y = TOP + Math.floor(place / 2) * (SIDE / rows);
    context.drawImage(tile, x + (column - width) / 2, y, width, height);
    write(name, 17, 400, inks.ink, x + column / 2, y + height + CAPTION - 5, column - 6);
  });
  return canvas;
}

/** Width and height of a picture in a square: a whole number of times as large, where it fits. */
function scaled({ width, height }, side, isSmooth) {
  const factor = side / Math.max(width, height);
  const kept = isSmooth || factor < 1 ? factor : Math.floor(factor);
  return [Math.round(width * kept), Math.round(height * kept)];
}
