// The engine's other thread: a model first, then inputs to run it on.

import { runGraph } from "./graph.js";

let model = null;

globalThis.onmessage = ({ data }) => {
  if (data.model) {
    model = data.model;
    return;
  }
  const outputs = runGraph(model.graphs[data.name], model.tensors, data.values);
  // handed over, not copied
  globalThis.postMessage(
    outputs,
    Object.values(outputs).map(({ data: numbers }) => numbers.buffer),
  );
};
