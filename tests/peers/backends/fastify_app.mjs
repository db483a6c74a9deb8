// An application on fastify with @fastify/websocket, behind a proxy that it trusts.
//   node fastify_app.mjs [PORT] [FOLDER OF PAGES]
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import websocket from "@fastify/websocket";
import fastify from "fastify";

const pages = process.argv[3];
const app = fastify({ trustProxy: "127.0.0.1", bodyLimit: 64 * 1024 * 1024 });
await app.register(websocket, { options: { maxPayload: 64 * 1024 * 1024 } });

// Bodies are hashed as they come, not gathered.
app.addContentTypeParser("*", (request, payload, done) => done(null, payload));

const facts = (request) => ({
  ip: request.ip,
  protocol: request.protocol,
  hostname: request.hostname,
  url: request.url,
  headers: request.headers,
});

app.get("/facts", async (request) => facts(request));

app.post("/upload", async (request) => {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of request.body) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex"), headers: request.headers };
});

app.get("/page/:name", async (request, reply) => {
  reply.type("text/html; charset=utf-8");
  return readFileSync(`${pages}/${request.params.name.replace(/[^a-z_.]/g, "")}`);
});

// Server-sent events: the second is not sent before the test has asked for it.
let release;
app.get("/events", (request, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, { "Content-Type": "text/event-stream" });
  reply.raw.write("data: first\n\n");
  release = () => reply.raw.end("data: second\n\n");
});
app.post("/events/release", async () => {
  release();
  return "released\n";
});

app.get("/echo", { websocket: true }, (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
app.get("/facts/socket", { websocket: true }, (socket, request) => socket.send(JSON.stringify(facts(request))));

const loggedIn = async (request, reply) => {
  if (!/\bsession=valid\b/.test(request.headers.cookie ?? "")) {
    reply.code(401).header("WWW-Authenticate", "Cookie").send({ error: "log in first" });
    return reply;
  }
};
app.get("/members", { websocket: true, preValidation: loggedIn }, (socket) => socket.send("welcome"));

await app.listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 0) });
console.log(JSON.stringify({ listening: app.server.address().port }));
