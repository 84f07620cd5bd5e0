// How it works: one image on its way through the model, with its own numbers.

import { rowOf } from "./arrays.js";
import { decodeParts, encodeParts, inWords } from "./condition.js";
import { readInks } from "./inks.js";
import { readingOf } from "./own.js";
import { pictureOf } from "./pixels.js";
import { addStep, drawBars, drawLayers, drawPosterior } from "./steps.js";
import { twoDecimals } from "./values.js";

const STEPS = ["input", "posterior", "draw", "decoder", "picture"];
const MOST_DRAWS = 24;
const SHOWN = 3; // numbers of a vector
const count = (number) => number.toLocaleString("en");

/** The steps of a page; returns what draws them. */
export function makeHow(page) {
  const { content, store, engine, painter, parts, prior, element } = page;
  const isGiven = !parts.length;
  const box = element("how");
  const isKnown = isGiven ? prior.normal(store.state) !== null : page.canDraw;
  if (!isKnown) return () => {};
  box.hidden = false;
  const list = element("how-steps");
  const steps = Object.fromEntries(STEPS.map((name) => [name, addStep(list)]));
  steps.draw.item.append(element("resample"));
  const first = isGiven ? null : firstExample(content, parts);
  let ofSheet = { drawing: null }; // {drawing, pixels, values}
  let shown = null; // {image, y, q}: the image, its condition as numbers, mean and scale of z
  let noises = []; // of the draws, the last one first
  let inks = null;

  box.ontoggle = () => draw(store.state);
  element("resample").onclick = () => {
    resample();
    show();
  };

  function resample() {
    const size = shown.q.mean.length;
    noises = [[...prior.noise(1)].slice(0, size), ...noises].slice(0, MOST_DRAWS);
  }

  /** What lies on the sheet, or else an image of the data. */
  function imageOf(state) {
    const { drawing, values, given } = state;
    if (isGiven) return given;
    if (!drawing) return first;
    if (ofSheet.drawing !== drawing) {
      const pixels = Float32Array.from(drawing, (level) => level / 255);
      ofSheet = { drawing, pixels, values: readingOf(state)?.values ?? values };
    }
    return ofSheet;
  }

  function draw(state) {
    if (!box.open) return;
    const image = imageOf(state);
    list.hidden = !image;
    element("how-words").hidden = Boolean(image);
    if (!image || (shown?.image === image && inks === readInks())) return;
    const y = isGiven ? page.encode(state) : encodeParts(parts, image.values);
    if (isGiven) take(image, y, prior.normal(state));
    else ask(image, y);
  }

  /** Asks for q(z | x, y) of an image. */
  function ask(image, y) {
    const [low, high] = content.pixel_range;
    const x = image.pixels.map((number) => low + number * (high - low));
    const inputs = { rows: 1, x, y, pixel_noise: new Float32Array(x.length).fill(0.5) };
    engine.ask("how", "encoder", inputs, (_, { mean, logvar }) => {
      const scale = [...logvar.data].map((number) => Math.exp(number / 2));
      take(image, y, { mean: [...mean.data], scale });
    });
  }

  function take(image, y, q) {
    shown = { image, y, q };
    noises = [];
    resample();
    show();
  }

  /** Writes and draws all steps of the last draw. */
  function show() {
    const { q, y } = shown;
    inks = readInks();
    const draws = noises.map((noise) => noise.map((number, i) => q.mean[i] + q.scale[i] * number));
    const [z] = draws;
    writeInput();
    writePosterior();
    drawPosterior(steps.posterior.canvas, q, draws, store.state.axes, inks);
    drawBars(steps.draw.canvas, noises[0], inks);
    steps.draw.write("A draw", "z = μ + σ ε,  ε ~ N(0, I)", [
      `ε = ${vector(noises[0])}`,
      `z = ${vector(z)}`,
    ]);
    writeDecoder();
    const inputs = { rows: 1, z: Float32Array.from(z), y };
    engine.ask("how-picture", "decoder", inputs, (_, { x_mean }) => {
      painter.paint(steps.picture.canvas, page.withGiven(store.state, x_mean.data));
      writePicture(x_mean.data);
    });
  }

  function writeInput() {
    const { pixels, values, mask } = shown.image;
    const [height, width, channels] = isGiven ? content.condition.image_shape : content.image_shape;
    const { canvas, write } = steps.input;
    Object.assign(canvas, { width, height });
    canvas.getContext("2d").putImageData(pictureOf(pixels, width, height, channels), 0, 0);
    const numbers = `${height} × ${width}${channels > 1 ? ` × ${channels}` : ""} numbers`;
    if (!isGiven) {
      const which = shown.image === first ? ", an image of the data" : "";
      return write("The input", "x, y", [`x: ${numbers}${which}`, `y: ${inWords(parts, values)}`]);
    }
    const share = mask.reduce((sum, bit) => sum + bit, 0) / mask.length;
    const given = share < 1 ? [`${Math.round(100 * share)}% of them given`] : [];
    return write("What is given", "y", [`y: ${numbers}`, ...given]);
  }

  function writePosterior() {
    const kl = divergence();
    const isStandard = !engine.has("prior");
    const formula = `KL(q ‖ p)${isStandard ? " = ½ Σ (μ² + σ² − 1 − ln σ²)" : ""}`;
    const [name, of] = isGiven ? ["The prior", "p(z | y)"] : ["The encoder", "q(z | x, y)"];
    steps.posterior.write(name, `${of} = N(μ, σ²)`, [
      `μ = ${vector(shown.q.mean)}`,
      `σ = ${vector(shown.q.scale)}`,
      ...(kl === null ? [] : [`${formula} = ${kl.toFixed(2)} nats`]),
    ]);
  }

  /** KL(q || p) in nats; null where p is no Normal. Source: Kingma & Welling 2014, appendix B. */
  function divergence() {
    if (isGiven) return null;
    const { q, image } = shown;
    const standard = { mean: q.mean.map(() => 0), scale: q.mean.map(() => 1) };
    const { values } = image;
    const p = engine.has("prior") ? prior.normal({ ...store.state, values }) : standard;
    return (
      p &&
      q.mean.reduce((sum, mean, i) => {
        const [ratio, shift] = [q.scale[i] / p.scale[i], (mean - p.mean[i]) / p.scale[i]];
        return sum + (ratio ** 2 + shift ** 2 - 1) / 2 - Math.log(ratio);
      }, 0)
    );
  }

  function writeDecoder() {
    const { graphs, tensors, latent_dim: latents } = content;
    const weights = [...new Set(graphs.decoder.operations.flatMap((one) => Object.values(one)))]
      .filter((name) => typeof name === "string" && name in tensors)
      .map((name) => tensors[name]);
    const sizes = weights.filter(({ shape }) => shape.length > 1).map(({ shape }) => shape.at(-1));
    const total = weights.reduce((sum, { data }) => sum + data.length, 0);
    drawLayers(steps.decoder.canvas, [latents + shown.y.length, ...sizes], inks);
    steps.decoder.write("The decoder", "x̂ = f(z, y)", [
      `${latents} + ${count(shown.y.length)} numbers in, ${count(painter.size)} out`,
      `${count(total)} weights`,
    ]);
  }

  function writePicture(mean) {
    const { pixels } = shown.image;
    const lines = [];
    if (content.of_bits && !isGiven) {
      const loss = bernoulliLoss(pixels, mean, "pixel_noise" in engine.shapes.encoder);
      const kl = divergence();
      const sum = "−Σ (x ln x̂ + (1 − x) ln(1 − x̂))";
      lines.push(`−log p(x | z, y) = ${sum} = ${loss.toFixed(1)} nats`);
      if (kl !== null) lines.push(`with the KL: −ELBO = ${(loss + kl).toFixed(1)} nats`);
    } else if (!isGiven) {
      const [low, high] = content.pixel_range;
      const squares = pixels.map((n, i) => (n - (mean[i] - low) / (high - low)) ** 2);
      const error = Math.sqrt(squares.reduce((sum, n) => sum + n, 0) / squares.length);
      lines.push(`off by ${(100 * error).toFixed(1)}% of a pixel's range`);
    } else if (page.isMasked) lines.push("what was given stays as it is");
    steps.picture.write("The picture", "x̂ = E[x | z, y]", lines);
  }

  return draw;
}

/** The first image of the data with its condition; null without one. */
function firstExample({ arrays, image_shape: shape }, parts) {
  if (!arrays.examples_y) return null;
  const size = shape.reduce((a, b) => a * b, 1);
  const pixels = Float32Array.from(rowOf(arrays.examples.data, size, 0), (level) => level / 255);
  const { data, shape: rows } = arrays.examples_y;
  return { pixels, values: decodeParts(parts, rowOf(data, data.length / rows[0], 0)) };
}

/** Cross entropy of Bernoulli pixels, summed, in nats. */
function bernoulliLoss(pixels, mean, isBinary) {
  return pixels.reduce((sum, number, i) => {
    const target = isBinary ? Number(number > 0.5) : number;
    const share = Math.min(Math.max(mean[i], 1e-7), 1 - 1e-7);
    return sum - target * Math.log(share) - (1 - target) * Math.log(1 - share);
  }, 0);
}

/** "(0.31, −1.20)", of long ones the first numbers. */
function vector(numbers) {
  const shown = numbers.slice(0, SHOWN).map(twoDecimals);
  return `(${shown.join(", ")}${numbers.length > SHOWN ? ", …" : ""})`;
}
