// Functions of one number, as condvae/graph/operations.py has them; softmax alone is of a row.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** The error function to 1.5e-7. Source: Abramowitz & Stegun 1964, 7.1.26. */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const p = 1.421413741 + t * (-1.453152027 + t * 1.061405429);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * p)) * Math.exp(-x * x);
  return x < 0 ? tail - 1 : 1 - tail;
}

/** coth x - 1 / x, near 0 by its Taylor series. */
function langevin(x) {
  if (Math.abs(x) >= 0.5) return 1 / Math.tanh(x) - 1 / x;
  const squared = x * x;
  return x * (1 / 3 - squared * (1 / 45 - squared * (2 / 945 - squared / 4725)));
}

export const FUNCTIONS = {
  relu: (x) => (x > 0 ? x : 0),
  silu: (x) => x * sigmoid(x),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  tanh: Math.tanh,
  sigmoid,
  // exp of what is never above 0 cannot overflow
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  exp: Math.exp,
  log1p: Math.log1p,
  langevin,
};

/** Shares that sum to one, of each `size` numbers, written to `out`. */
export function softmax(x, size, out) {
  for (let first = 0; first < x.length; first += size) {
    let largest = -Infinity;
    for (let i = first; i < first + size; i++) largest = Math.max(largest, x[i]);
    let sum = 0;
    for (let i = first; i < first + size; i++) sum += out[i] = Math.exp(x[i] - largest);
    for (let i = first; i < first + size; i++) out[i] /= sum;
  }
}
