// Node's `ws` as a client that follows a script and prints what happens, a line of JSON each.
//   node ws_client.mjs SCRIPT
// The script is JSON:
//   {"url": …, "ca": FILE, "protocols": […], "options": {…}, "steps": [[STEP, ARGUMENT…], …]}
// Names lead to 127.0.0.1, whatever they are. The steps:
//   send TEXT | send_bytes SIZE | send_fragments TEXT… | ping TEXT | receive | close CODE REASON | ended
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import WebSocket from "ws";

const script = JSON.parse(readFileSync(process.argv[2]));
const say = (event) => console.log(JSON.stringify(event));
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

const lookup = (name, options, done) =>
  options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);

const socket = new WebSocket(script.url, script.protocols ?? [], {
  ca: script.ca && readFileSync(script.ca),
  lookup,
  maxPayload: 128 * 1024 * 1024,
  ...script.options,
});

const received = [];
let wake = () => {};
const gotOne = (event) => {
  received.push(event);
  wake();
};
socket.on("message", (data, isBinary) =>
  gotOne(isBinary ? { binary: data.length, sha256: sha256(data) } : { text: data.toString() }));
socket.on("pong", (data) => gotOne({ pong: data.toString() }));
const closed = new Promise((resolve) =>
  socket.on("close", (code, reason) => {
    say({ closed: code, reason: reason.toString() });
    wake();
    resolve();
  }));
socket.on("error", (error) => say({ error: error.message, code: error.code }));
socket.on("unexpected-response", (request, response) => {
  let body = "";
  response.on("data", (data) => (body += data));
  response.on("end", () => {
    say({ status: response.statusCode, headers: response.headers, body });
    process.exit();
  });
});

const steps = {
  send: (text) => socket.send(text),
  send_bytes: (size) => {
    const bytes = randomBytes(size);
    say({ sent: size, sha256: sha256(bytes) });
    socket.send(bytes);
  },
  send_fragments: (...texts) =>
    texts.forEach((text, i) => socket.send(text, { fin: i === texts.length - 1 })),
  ping: (text) => socket.ping(text),
  receive: async () => {
    while (received.length === 0 && socket.readyState !== WebSocket.CLOSED)
      await new Promise((resolve) => (wake = resolve));
    if (received.length > 0) say(received.shift());
  },
  close: (code, reason) => socket.close(code, reason),
  ended: () => closed,
};

socket.on("open", async () => {
  say({ open: true, protocol: socket.protocol, extensions: socket.extensions });
  for (const [step, ...rest] of script.steps) await steps[step](...rest);
});
