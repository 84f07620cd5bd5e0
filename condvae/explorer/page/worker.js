// The engine's other thread: a model first, then inputs to run it on.

import { runTimed } from "./graph.js";

let model = null;

globalThis.onmessage = ({ data }) => {
  if (data.model) {
    model = data.model;
    return;
  }
  const answer = runTimed(model.graphs[data.name], model.tensors, data.values);
  // handed over, not copied
  globalThis.postMessage(
    answer,
    Object.values(answer.outputs).map(({ data: numbers }) => numbers.buffer),
  );
};
