// Judges requests as Vite's development server does (6.0.9 and later): who may ask by Host (`server.allowedHosts`),
// and its WebSocket for hot updates by subprotocol, Host and, where there is an Origin, a token that its page knows.
//   node vite_like.mjs [ALLOWED HOST…]
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";

const allowed = process.argv.slice(2);
const token = randomBytes(8).toString("hex");

const isAllowed = (host) => {
  const name = (host ?? "").replace(/:\d+$/, "");
  return name === "localhost" || name.endsWith(".localhost") || /^(\d+\.){3}\d+$|^\[/.test(name) ||
    allowed.some((entry) => name === entry || (entry.startsWith(".") && (name === entry.slice(1) || name.endsWith(entry))));
};

// What Vite's client does: without `server.hmr` it connects to the host and port that it was loaded from.
const page = `<!doctype html><script type="module">
  const url = new URL(import.meta.url);
  window.updates = new Promise((resolve) => {
    const socket = new WebSocket((url.protocol === "https:" ? "wss" : "ws") + "://" + url.host + "/?token=${token}", "vite-hmr");
    socket.addEventListener("message", (event) => resolve(JSON.parse(event.data).type));
    socket.addEventListener("close", () => resolve("closed"));
  });
</script>`;

const server = createServer((request, response) => {
  if (!isAllowed(request.headers.host)) {
    response.writeHead(403, { "Content-Type": "text/plain" });
    response.end(`Blocked request. This host (${JSON.stringify(request.headers.host)}) is not allowed.\n`);
    return;
  }
  response.writeHead(200, { "Content-Type": "text/html" });
  response.end(page);
});
const sockets = new WebSocketServer({ noServer: true });
sockets.on("connection", (socket) => socket.send(JSON.stringify({ type: "connected" })));
server.on("upgrade", (request, socket, head) => {
  const given = new URL(`http://example.com${request.url}`).searchParams.get("token");
  if (request.headers["sec-websocket-protocol"] === "vite-hmr" && isAllowed(request.headers.host) &&
      (!request.headers.origin || given === token)) {
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit("connection", opened, request));
  } else {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  }
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ listening: server.address().port })));
