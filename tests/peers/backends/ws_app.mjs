// A WebSocket application on Node's `ws`: echoes, does what a text message tells it, and refuses.
// Prints one line of JSON for each thing that a test wants to know about.
//   node ws_app.mjs [PORT]
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const say = (event) => console.log(JSON.stringify(event));

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: 128 * 1024 * 1024,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => (offered.has("chat.v2") ? "chat.v2" : false),
});

// What a text message can ask for; any other message is echoed.
const commands = {
  facts: (socket, request) =>
    socket.send(JSON.stringify({ url: request.url, headers: request.headers, extensions: socket.extensions })),
  close: (socket, request, code, reason) => socket.close(Number(code), reason),
  drop: (socket) => socket.terminate(),
  ping: (socket, request, payload) => {
    socket.once("pong", (data) => socket.send(`pong ${data}`));
    socket.ping(payload);
  },
  fragments: (socket) => {
    socket.send("one ", { fin: false });
    socket.send("two ", { fin: false });
    socket.send("three", { fin: true });
  },
};

sockets.on("connection", (socket, request) => {
  socket.on("message", (data, isBinary) => {
    const [word, ...rest] = isBinary || data.length > 200 ? [] : data.toString().split(" ");
    if (Object.hasOwn(commands, word ?? "")) commands[word](socket, request, ...rest);
    else socket.send(data, { binary: isBinary });
  });
  socket.on("close", (code, reason) => say({ closed: code, reason: reason.toString(), url: request.url }));
});

const refusals = {
  "/refuse/401":
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="chat"\r\n' +
    "Content-Length: 13\r\n\r\nlog in first\n",
  "/refuse/403": "HTTP/1.1 403 Forbidden\r\nX-Why: banned\r\nContent-Length: 7\r\n\r\nbanned\n",
  "/refuse/302": "HTTP/1.1 302 Found\r\nLocation: https://login.test/?next=chat\r\nContent-Length: 0\r\n\r\n",
};

const server = createServer((request, response) => response.end("a page\n"));
server.on("upgrade", (request, connection, head) => {
  if (refusals[request.url]) return connection.end(refusals[request.url]);
  sockets.handleUpgrade(request, connection, head, (socket) => sockets.emit("connection", socket, request));
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => say({ listening: server.address().port }));
