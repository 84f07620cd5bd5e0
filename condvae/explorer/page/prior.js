// p(z | y): draws of z, and where its middle is.

/** The prior of a page's model: by its graph, or standard normal where it has none. */
export function makePrior({ content, engine, encode }) {
  const isLearned = engine.has("prior");
  const noiseSize = isLearned ? engine.shapes.prior.noise[0] : content.latent_dim;
  let known = { y: null };

  /** Standard normal numbers. Source: Box & Muller 1958. */
  function noise(rows) {
    return Float32Array.from({ length: rows * noiseSize }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
      return radius * Math.cos(2 * Math.PI * Math.random());
    });
  }

  /** The graph's outputs of noise under the state's y. */
  const run = (state, numbers, rows) =>
    engine.run("prior", { rows, noise: numbers, y: encode(state) });

  /** Mean and scale of each latent where the prior is a Normal of y; else null. */
  function normal(state) {
    if (!isLearned || !("mean" in content.graphs.prior.outputs)) return null;
    const y = encode(state);
    if (known.y === null || y.some((number, i) => number !== known.y[i])) {
      const { mean, logvar } = run(state, new Float32Array(noiseSize), 1);
      known = { y, mean: [...mean.data], scale: [...logvar.data].map((v) => Math.exp(v / 2)) };
    }
    return known;
  }

  return {
    noise,
    normal,
    /** Noise of another z whose first groups are the state's, as many as are to be kept. */
    finer(state, kept) {
      const numbers = noise(1);
      let start = 0;
      for (const size of content.latent_groups.slice(0, kept)) {
        const end = start + size;
        // a group's mean, and where one deviation leads, given the coarser ones
        const [mean, one] = [0, 1].map((number) =>
          run(state, numbers.fill(number, start, end), 1).z.data.slice(start, end),
        );
        mean.forEach((middle, i) => {
          numbers[start + i] = (state.z[start + i] - middle) / (one[i] - middle);
        });
        start = end;
      }
      return numbers;
    },
    /** z of noise, rows one after the other. */
    draw: (state, numbers, rows) => (isLearned ? run(state, numbers, rows).z.data : numbers),
    /** One z of noise, and the noise, which gives another z under another y. */
    take(state, numbers) {
      if (!isLearned) return { z: [...numbers], noise: null };
      return { z: [...run(state, numbers, 1).z.data], noise: numbers };
    },
    /** What zero noise becomes: the middle. */
    centre(state) {
      return this.take(state, new Float32Array(noiseSize));
    },
  };
}
