// Lanes of computation: workers, or, where the browser forbids them, the page between frames.

import { runTimed } from "./graph.js";

const MOST_WORKERS = 4;

/** As many lanes as are of use, for a model {graphs, tensors}. */
export function makeLanes(workerText, model) {
  const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }));
  const count = Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2);
  return Array.from({ length: count }, () => makeLane(url, model));
}

/** A lane: run(name, values, take) while it is not busy; take(outputs, milliseconds) follows. */
function makeLane(url, model) {
  const inPage = ({ name, values, then }) =>
    setTimeout(() => then(runTimed(model.graphs[name], model.tensors, values)));
  let job = null;
  let send = inPage;
  try {
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => job.then(data);
    worker.onerror = () => {
      send = inPage;
      if (job) send(job);
    };
    worker.postMessage({ model });
    send = ({ name, values }) => worker.postMessage({ name, values });
  } catch {
    // then the page itself does it
  }
  const lane = {
    busy: false,
    run(name, values, take) {
      lane.busy = true;
      job = {
        name,
        values,
        then({ outputs, milliseconds }) {
          job = null;
          lane.busy = false;
          take(outputs, milliseconds);
        },
      };
      send(job);
    },
  };
  return lane;
}
