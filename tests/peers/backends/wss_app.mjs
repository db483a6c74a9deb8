// A WebSocket echo on Node's `ws` over https, as an upstream that wants TLS. Prints one line of JSON
// for each connection.
//   node wss_app.mjs CHAIN KEY [CLIENT_CA]
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { WebSocketServer } from "ws";

const say = (event) => console.log(JSON.stringify(event));
const [chain, key, clientCa] = process.argv.slice(2);

const server = createServer(
  {
    cert: readFileSync(chain),
    key: readFileSync(key),
    ...(clientCa ? { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true } : {}),
  },
  (request, response) => response.end(`a page for ${request.socket.servername}\n`),
);
server.on("secureConnection", (socket) => {
  say({
    secure: socket.servername,
    alpn: socket.alpnProtocol,
    version: socket.getProtocol(),
    resumed: socket.isSessionReused(),
    client: socket.getPeerCertificate()?.subject?.CN ?? null,
  });
  socket.on("error", (error) => say({ broken: error.code }));
});
server.on("tlsClientError", (error) => say({ refused: error.code }));

const sockets = new WebSocketServer({ server, maxPayload: 128 * 1024 * 1024 });
sockets.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("close", (code) => say({ closed: code }));
});
server.listen(0, "127.0.0.1", () => say({ listening: server.address().port }));
