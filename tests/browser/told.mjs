// A page that is told of its cell what a test wants: the real cell's first snapshot, and from then on only what `tell` says.

/** Have a context's pages hear this alone, with the robot's poses or without; returns what tells them a topic's value, and what cuts the line. */
export async function told(context, { poses = true } = {}) {
  let page = null;
  let down = false;
  await context.routeWebSocket(/\/ws$/, (line) => {
    if (down) {
      line.close();
      return;
    }
    const server = line.connectToServer();
    const own = { line, epoch: "", seq: 0, topics: {} };
    line.onMessage((message) => server.send(message));
    server.onMessage((message) => {
      const heard = JSON.parse(String(message));
      if (heard.type === "snapshot") {
        Object.assign(own, { epoch: heard.epoch, seq: heard.seq, topics: heard.payload.topics, t: heard.t });
        page = own;
      } else if (heard.type !== "pong" && !(poses && heard.type === "pose")) return; // the cell goes on, and the page does not hear of it
      line.send(message);
    });
  });
  return {
    /** What the cell itself said last of a topic. */
    topic: (name) => page?.topics[name],
    tell(topics) {
      for (const [topic, value] of Object.entries(topics)) {
        page.seq += 1;
        page.line.send(JSON.stringify({ v: 1, type: "put", epoch: page.epoch, seq: page.seq, t: page.t, payload: { topic, value } }));
      }
    },
    /** From now on there is no line. */
    cut() {
      down = true;
      page.line.close();
    },
  };
}
