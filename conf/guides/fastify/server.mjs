// A chat of one room: a page, a login and a WebSocket.   npm install fastify @fastify/websocket
import fastify from "fastify";
import websocket from "@fastify/websocket";

const app = fastify({
  logger: true,
  // request.ip, .protocol and .hostname are then what the client used: wssgate sends X-Forwarded-*,
  // and removes what clients put there. Name the proxy; `true` would believe whoever connects.
  trustProxy: "127.0.0.1",
});
await app.register(websocket, { options: { maxPayload: 64 * 1024 } });

const isLoggedIn = (request) => /(^|; )session=valid(;|$)/.test(request.headers.cookie ?? "");

app.get("/", async (request, reply) => {
  const secure = request.protocol === "https" ? "; Secure" : "";
  reply.header("Set-Cookie", `session=valid; HttpOnly; SameSite=Lax; Path=/${secure}`).type("text/html; charset=utf-8");
  return `<!doctype html><title>Chat</title><p id="said">${request.protocol}://${request.headers.host}</p>
<script type="module">
  // The same origin as the page: wss: where that is https:.
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
  socket.onmessage = ({ data }) => { document.querySelector("#said").textContent = data; };
  socket.onopen = () => socket.send("hello from the page");
</script>
`;
});

// Before the upgrade, so that whoever may not in gets an answer that says why.
const members = async (request, reply) => {
  if (!isLoggedIn(request)) return reply.code(401).send({ error: "log in first" });
};

app.get("/ws", { websocket: true, preValidation: members }, (socket, request) => {
  socket.on("message", (data) => {
    for (const client of app.websocketServer.clients) client.send(`${request.ip}: ${data}`);
  });
});

// For wssgate's checks: not ready while it shuts down, so that nobody new is sent here.
let leaving = false;
app.get("/healthz", { logLevel: "warn" }, async (request, reply) => reply.code(leaving ? 503 : 200).send());

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, async () => {
    leaving = true;
    for (const client of app.websocketServer.clients) client.close(1012, "restarting");
    await app.close();
  });
}

// Loopback alone: nobody gets past wssgate.
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 3000) });
