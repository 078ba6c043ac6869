// What live nodes tell, from `lockstep play` by a WebSocket. Fetched when somebody wants to see it.

const WAIT_MS = 1000;
const WAIT_MS_MAX = 15000;

let socket = null;
let timer = 0;
let wait = WAIT_MS;
let each = null;

const connect = () => {
  clearTimeout(timer);
  const url = new URL("./live", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = url.hash = "";
  const mine = (socket = new WebSocket(url));
  mine.onmessage = ({ data }) => {
    if (mine !== socket) return;
    wait = WAIT_MS;
    each(data);
  };
  // Also when it could not be opened.
  mine.onclose = () => {
    if (mine !== socket) return;
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, WAIT_MS_MAX);
    each(undefined);
  };
};

// Calls with each piece of the story, or with nothing when the connection is lost; tries again by
// itself until `stop`.
export const follow = (then) => {
  stop();
  each = then;
  wait = WAIT_MS;
  connect();
};

// The page has dealt with a piece: the next one may come.
export const taken = () => {
  if (socket?.readyState === WebSocket.OPEN) socket.send("");
};

export const stop = () => {
  clearTimeout(timer);
  const last = socket;
  socket = null;
  last?.close();
};
