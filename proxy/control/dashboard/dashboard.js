"use strict";

// Everything that is shown is made of text nodes: what came from a client is never markup.

const POLL_MS = 3000;
const HIDDEN_POLL_MS = 30000;
const ANSWER_MS = 10000;
const TOKEN_KEY = "wssgate-admin-token";
const SVG = "http://www.w3.org/2000/svg";

const $ = (id) => document.getElementById(id);

// Making elements

function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function drawn(name, properties, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const MARKS = {good: "✓", warning: "!", alarm: "✕", plain: "·"};

function tag(level, words) {
  const mark = element("span", {"aria-hidden": "true"}, `${MARKS[level]} `);
  return element("span", {class: `tag ${level}`}, mark, words);
}

const code = (text) => element("code", {}, text);
const quiet = (text) => element("span", {class: "quiet"}, text);

/** An ISO time, shown as how long ago it was; brought up to date with every answer. */
function ago(iso) {
  const made = element("time", {datetime: iso, title: iso, "data-ago": iso});
  made.textContent = agoWords(iso);
  return made;
}

/** Columns are [heading, class]; cells are nodes or texts, the first of a row its heading. */
function table(caption, columns, rows) {
  const heads = columns.map(([name, kind]) =>
    element("th", {scope: "col", role: "columnheader", class: kind || ""}, name));
  const body = rows.map((cells) => element("tr", {role: "row"}, ...cells.map((cell, i) => {
    const [name, kind] = columns[i];
    const content = Array.isArray(cell) ? element("div", {}, ...cell) : cell;
    if (i === 0) return element("th", {scope: "row", role: "rowheader"}, content);
    return element("td", {role: "cell", class: kind || "", "data-label": name}, content);
  })));
  // The roles are those it has: where it is shown as cards, browsers would forget them.
  return element("table", {role: "table"},
    element("caption", {}, caption),
    element("thead", {role: "rowgroup"}, element("tr", {role: "row"}, ...heads)),
    element("tbody", {role: "rowgroup"}, ...body));
}

const empty = (words) => element("p", {class: "empty"}, words);

/** A line which ends at the right; `steps` are its whole width. */
function chart(values, steps, words) {
  const width = 240;
  const height = 40;
  const most = Math.max(1, ...values);
  const x = (i) => width * (1 - (values.length - 1 - i) / (steps - 1));
  const y = (value) => height - 1 - (height - 4) * value / most;
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
  const made = drawn("svg", {class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
    preserveAspectRatio: "none", "aria-label": words});
  made.append(drawn("line", {class: "floor", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5}));
  if (points.length > 1) {
    const area = `${x(0).toFixed(1)},${height} ${points.join(" ")} ${width},${height}`;
    made.append(drawn("polygon", {class: "area", points: area}));
    made.append(drawn("polyline", {class: "line", points: points.join(" ")}));
  }
  return made;
}

function bar(part) {
  return drawn("svg", {class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true"},
    drawn("rect", {class: "rest", width: 100, height: 6}),
    drawn("rect", {width: (100 * part).toFixed(1), height: 6}));
}

// Words

const numbers = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const small = new Intl.NumberFormat("en", {maximumFractionDigits: 1});
const number = (value) => (value < 10 ? small : numbers).format(value);

function bytes(value) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    ++unit;
  }
  return `${number(value)} ${units[unit]}`;
}

const count = (how, one, many) => `${numbers.format(how)} ${how === 1 ? one : many || `${one}s`}`;

function span(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

let serverNow = Date.now();

function agoWords(iso) {
  const seconds = (serverNow - Date.parse(iso)) / 1000;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}

const day = (iso) => iso.slice(0, 10);
const words = (label) => label.replaceAll("_", " ");
const recently = (data) => data.recent_seconds >= 3500 ? "Last hour" : `Last ${span(data.recent_seconds)}`;

const CLOSE_CODES = {1000: "done", 1001: "going away", 1002: "protocol error", 1003: "data not taken",
  1007: "bad data", 1008: "policy", 1009: "too big", 1010: "extension missing", 1011: "internal error",
  1012: "restart", 1013: "try later", 1014: "bad gateway"};

// What each section shows. Each is made anew only when what it shows has changed, so that nothing moves
// under the reader's eyes or the keyboard's focus.

const shown = new Map();

function show(id, what, make) {
  const key = JSON.stringify(what);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  $(id).replaceChildren(...[make(what)].flat());
}

// Those whose message counts something, and changes while the problem is the same.
const COUNTING = new Set(["draining", "descriptors_short", "connections_near_limit", "certificate_expiring", "intermediate_expiring"]);

function showProblems({problems, problems_left_out: leftOut}) {
  const alarms = problems.filter((problem) => problem.level === "alarm").length;
  const warnings = problems.length - alarms;
  const level = alarms ? "alarm" : warnings ? "warning" : "good";
  const verdict = [alarms && count(alarms, "alarm"), warnings && count(warnings, "warning")].filter(Boolean).join(", ");
  const more = leftOut ? `, and ${leftOut} more` : "";
  show("verdict", [level, verdict + more], () => {
    $("verdict").className = level;
    const mark = element("span", {"aria-hidden": "true"}, MARKS[level]);
    return [mark, element("span", {}, level === "good" ? "Nothing is wrong" : verdict + more)];
  });
  document.title = `${level === "good" ? "" : `${MARKS[level]} `}wssgate${level === "good" ? "" : `: ${verdict}`}`;
  // Kept ones stay in place, so that only new ones are read out.
  const list = $("problems");
  const before = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = problems.map((problem) => {
    const {kind, about, level: its, message, hint} = problem;
    const key = JSON.stringify([kind, about, its, COUNTING.has(kind) ? "" : message]);
    const item = before.get(key) || element("li", {class: its, "data-key": key},
      element("p", {}, tag(its, its === "alarm" ? "Alarm" : "Warning"), element("span", {class: "message"})),
      hint && element("p", {class: "hint"}, hint));
    setText(item.querySelector(".message"), message);
    return item;
  });
  items.forEach((item, i) => {
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] || null);
  });
  while (list.children.length > items.length) list.lastElementChild.remove();
}

function daysLeft({not_before: notBefore, not_after: notAfter}) {
  const days = (Date.parse(notAfter) - serverNow) / 86400000;
  // As what is wrong now is judged: one of a week is not warned of all its life.
  const life = notBefore ? (Date.parse(notAfter) - Date.parse(notBefore)) / 86400000 : Infinity;
  const left = days < 0 ? "expired" : days < 2 ? `${Math.floor(days * 24)} hours left` : `${Math.floor(days)} days left`;
  return tag(days < Math.min(3, life / 10) ? "alarm" : days < Math.min(14, life / 3) ? "warning" : "good", left);
}

function staple(ocsp) {
  const {state} = ocsp;
  const until = ocsp.good_until ? quiet(`until ${ocsp.good_until.slice(0, 16).replace("T", " ")} UTC`) : null;
  if (state === "off" || state === "none") return [quiet(state === "off" ? "not stapled" : "the CA has no responder")];
  if (state === "good") return [tag("good", "stapled"), until];
  const level = state === "revoked" ? "alarm" : state === "pending" ? "plain" : "warning";
  return [tag(level, state), until, ocsp.why && quiet(ocsp.why)];
}

function reasons(problems) {
  if (!problems.length) return null;
  return element("ul", {}, ...problems.map((problem) => element("li", {}, problem.message,
    problem.hint && quiet(`→ ${problem.hint}`))));
}

function names(all) {
  const first = all.slice(0, 6).join(", ");
  return all.length > 6 ? `${first} and ${all.length - 6} more` : first;
}

function certificateRow(certificate) {
  const {served} = certificate;
  const onDisk = {served: tag("good", "what serves"), waiting: tag("warning", "waits for its staple"),
    refused: tag("alarm", "refused")}[certificate.on_disk] || certificate.on_disk;
  return [
    [served ? names(served.names) : "nothing serves", element("span", {class: "quiet mono"}, certificate.chain_file)],
    served ? [daysLeft(served), quiet(day(served.not_after))] : tag("alarm", "none"),
    served ? [`${served.key}, by ${served.issuer}`, quiet(served.chain.length ? `sent with ${served.chain.join(", ")}` : "sent alone"),
      served.not_before ? quiet(`since ${day(served.not_before)}`) : null] : "",
    served ? staple(served.ocsp) : "",
    [onDisk, certificate.on_disk === "refused" && served ? quiet("the one before goes on serving") : null,
      reasons(certificate.problems)],
  ];
}

function showCertificates(data) {
  const all = data.certificates_in_all;
  const more = all > data.certificates.length ? ` These ${data.certificates.length} are the most urgent.` : "";
  $("certificates-note").textContent =
    `${count(all, "certificate")}; those that need care come first.${more}`;
  // The days and hours left are a part of what is shown.
  show("certificates-table", [data.certificates, Math.floor(serverNow / 3600000)], () => data.certificates.length
    ? table("What serves, and whether it is what lies on the disk",
      [["Names"], ["Ends"], ["Key and chain"], ["OCSP staple"], ["On the disk"]],
      data.certificates.map(certificateRow))
    : empty("No certificate is configured."));
}

function showRefused(data) {
  const {names: refused, evicted} = data.refused_names;
  $("refused-note").textContent = refused.length
    ? "Should one of these be served? Add it to a host's names, with a certificate that covers it. wssgate answers to no other name."
    : "wssgate answers to no name that is not configured.";
  show("refused-names", [refused, evicted > 0], () => refused.length
    ? [table("Server names that nobody configured, since the start",
      [["Asked for"], ["Times", "number"], ["Last"], ["Nearest that is configured"]],
      refused.map((each) => [code(each.name || "(empty)"),
        each.times === each.at_least ? numbers.format(each.times) : `${numbers.format(each.at_least)} to ${numbers.format(each.times)}`,
        ago(each.last), each.nearest ? code(each.nearest) : quiet(each.nearest === null ? "being looked for" : "none is near")])),
    evicted ? element("p", {class: "quiet"},
      `More names came than are kept: ${count(evicted, "time")} a rare one gave way, so that rare ones may be missing.`) : ""]
    : empty("Nobody has asked for a name that is not configured."));
  const refusals = data.refusals.filter((each) => each.since_start > 0)
    .sort((a, b) => b.recently - a.recently || b.since_start - a.since_start);
  show("refused-reasons", [refusals, recently(data)], () => refusals.length
    ? table("Refused connections and requests, by reason",
      [["Reason"], [recently(data), "number"], ["Since the start", "number"]],
      refusals.map((each) => [words(each.reason), numbers.format(each.recently), numbers.format(each.since_start)]))
    : empty("Nothing has been refused."));
}

const direction = (from) => `↑ ${bytes(from.bytes_from_clients_per_second)}/s  ↓ ${bytes(from.bytes_from_upstreams_per_second)}/s`;

function total(title, figure, {points, most}, format, window) {
  const words = `${title} over the last ${window.words}: now ${figure}, at most ${format(most)}`;
  return element("li", {}, element("p", {class: "quiet"}, title), element("p", {class: "figure"}, figure),
    chart(points, window.steps, words),
    element("p", {class: "axis", "aria-hidden": "true"}, element("span", {}, `${window.words} ago`),
      element("span", {}, `most ${format(most)}`), element("span", {}, "now")));
}

const CHARTED = {tunnels: "WebSockets", passing_through: "passed through", requests: "requests a second"};

function hostChart({host, chart: {of, points, most}}, window) {
  const last = points.length ? points[points.length - 1] : 0;
  const words = `${host}, ${CHARTED[of]} over the last ${window.words}: now ${number(last)}, at most ${number(most)}`;
  return [chart(points, window.steps, words), quiet(CHARTED[of])];
}

function showTraffic(data) {
  const {traffic} = data;
  const {history} = traffic;
  const flow = traffic.bytes_from_clients_per_second + traffic.bytes_from_upstreams_per_second;
  const rate = (value) => `${bytes(value)}/s`;
  const window = {steps: data.history_steps, words: span(data.history_steps * data.history_step_seconds)};
  show("totals", [data.tunnels, traffic], () => element("ul", {},
    total("Open WebSockets", numbers.format(data.tunnels), history.tunnels, number, window),
    total("Messages a second", number(traffic.messages_per_second), history.messages, number, window),
    total("Requests a second", number(traffic.requests_per_second), history.requests, number, window),
    total("Bytes a second", rate(flow), history.bytes, rate, window)));
  show("hosts", [data.hosts, window], ([hosts]) => hosts.length
    ? table("By host, with rates of the last 10 s",
      [["Host"], ["WebSockets", "number"], ["Messages/s", "number"], ["Requests/s", "number"], ["Bytes"], [`Last ${window.words}`]],
      hosts.map((host) => [host.host,
        [numbers.format(host.tunnels), host.passing_through ? quiet(`${numbers.format(host.passing_through)} passed through`) : null],
        number(host.messages_per_second), number(host.requests_per_second), direction(host), hostChart(host, window)]))
    : empty("No host has had traffic in the last hour."));
  const hidden = data.hosts_seen - data.hosts.length;
  setText($("hosts-note"), [
    data.passing_through ? `${count(data.passing_through, "connection is", "connections are")} passed through undecrypted.` : "",
    hidden > 0 ? `${count(hidden, "more host")} had traffic since the start; the ${data.hosts.length} busiest are shown. /metrics has all.` : "",
  ].filter(Boolean).join(" "));
}

const STATES = {healthy: ["good", "well"], probation: ["warning", "on probation"],
  ejected: ["alarm", "down: requests failed"], unhealthy: ["alarm", "down: checks fail"]};

function showUpstreams(data) {
  const more = data.upstreams_in_all - data.upstreams.length;
  show("upstreams-table", data.upstreams, (upstreams) => {
    const rows = upstreams.flatMap((upstream) => upstream.endpoints.map((endpoint) => {
      const [level, state] = STATES[endpoint.state] || ["plain", endpoint.state];
      const most = endpoint.max_connections;
      const waiting = upstream.waiting ? quiet(`${count(upstream.waiting, "request")} waiting`) : null;
      return [[upstream.name, waiting], [code(endpoint.endpoint), endpoint.backup ? quiet("backup") : null], tag(level, state),
        `${numbers.format(endpoint.connections)}${most ? ` of ${numbers.format(most)}` : ""}`];
    }));
    return rows.length
      ? [table(`Endpoints${more > 0 ? ` (${more} more upstreams, all well or further down the list)` : ""}`,
        [["Upstream"], ["Endpoint"], ["State"], ["In flight", "number"]], rows)]
      : [empty("No upstream is configured.")];
  });
}

function showEndings(data) {
  const most = Math.max(1, ...data.endings.map((each) => each.tunnels));
  show("endings-table", [data.endings, recently(data)], () => data.endings.length
    ? table(`${recently(data)}: who ended them, why, and with which close code`,
      [["Ended by"], ["Why"], ["Close code"], ["WebSockets", "number"], ["Share"]],
      data.endings.map((each) => [each.by, each.reason === "none" ? "in order" : words(each.reason),
        each.code ? `${each.code}${CLOSE_CODES[each.code] ? ` ${CLOSE_CODES[each.code]}` : ""}` : "none",
        numbers.format(each.tunnels), bar(each.tunnels / most)]))
    : empty("None has ended."));
}

function showReloads(data) {
  show("reloads-table", data.reloads, (reloads) => table("What became of what is on the disk, latest first",
    [["When"], ["Because"], ["Result"]],
    reloads.map((reload) => {
      const again = reload.times > 1 ? [quiet(`the same ${count(reload.times - 1, "more time")}`), element("span", {class: "quiet"}, "last ", ago(reload.last))] : null;
      const level = !reload.ok ? "alarm" : reload.warnings.length ? "warning" : "good";
      const result = reload.refused.length ? "refused: the configuration before goes on"
        : !reload.ok ? "not all of it serves"
          : reload.cause === "start" ? "started" : reload.changed ? "serves" : "nothing had changed";
      const left = reload.problems_left_out;
      return [[ago(reload.at), ...(again || [])], reload.cause,
        [tag(level, result), reasons([...reload.refused, ...reload.held, ...reload.warnings]),
          left ? quiet(`and ${left} more`) : null]];
    })));
}

function showAll(data) {
  serverNow = Date.parse(data.now);
  show("identity", [data.version, data.pid, data.config, data.started], () => [
    `${data.version}, process ${data.pid}, up `, element("span", {"data-up": data.started}), `, ${data.config}`]);
  showProblems(data);
  showCertificates(data);
  showRefused(data);
  showTraffic(data);
  showUpstreams(data);
  showEndings(data);
  showReloads(data);
  for (const each of document.querySelectorAll("[data-ago]")) setText(each, agoWords(each.dataset.ago));
  for (const each of document.querySelectorAll("[data-up]")) {
    setText(each, span((serverNow - Date.parse(each.dataset.up)) / 1000));
  }
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Asking

let lastAnswer = null;
let lostSince = null;
let timer = null;

function reached() {
  lastAnswer = new Date();
  lostSince = null;
  $("outage").hidden = true;
  document.body.classList.remove("is-lost");
  document.body.classList.add("is-live");
  setText($("freshness-text"), "Live");
}

// `what`: the beginning of a sentence; `why`: its rest, and what to do.
function trouble(what, why) {
  lostSince ||= lastAnswer || new Date();
  const since = lostSince.toLocaleTimeString("en-GB");
  document.body.classList.remove("is-live");
  document.body.classList.add("is-lost");
  setText($("freshness-text"), `Nothing new since ${since}`);
  const seen = lastAnswer ? " What is shown below is from then." : "";
  show("outage", [what, why, since, seen], () => [element("strong", {}, `${what} since ${since}`),
    ` (${why}).${seen} Asking again every ${POLL_MS / 1000} s.`]);
  $("outage").hidden = false;
}

function lost(error) {
  const why = error.name === "TimeoutError" ? "it does not answer in time" : "no connection";
  trouble("wssgate cannot be reached", `${why}: is the process running, and this port open?`);
}

function askForToken() {
  const refused = sessionStorage.getItem(TOKEN_KEY) !== null;
  sessionStorage.removeItem(TOKEN_KEY);
  const form = $("token-form");
  const shown = !form.hidden;
  form.classList.toggle("was-refused", refused);
  if (refused) $("token-why").textContent = "That is not the token of admin.token.";
  form.hidden = false;
  $("board").hidden = true;
  $("forget").hidden = true;
  setText($("freshness-text"), "The token is missing");
  document.body.classList.remove("is-lost", "is-live");
  $("outage").hidden = true;
  if (!shown || refused) $("token").focus();
}

// The answer, or null where it has none; says why.
async function ask(token) {
  try {
    return await fetch("dashboard.json", {
      // Without credentials of the browser's own, which would ask for a password by itself.
      credentials: "omit",
      cache: "no-store",
      headers: token ? {Authorization: `Bearer ${token}`} : {},
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    lost(error);
    return null;
  }
}

let shownVersion = null;

// Whether to ask again by itself.
async function update() {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const answer = await ask(token);
  if (!answer) return true;
  if (answer.status === 401) {
    askForToken();
    return false;
  }
  const body = await answer.json();
  if (!answer.ok) {
    trouble("wssgate refuses this page", body.error || `it answers ${answer.status}`);
    return true;
  }
  // This script may be older than the process since an upgrade.
  if (shownVersion && shownVersion !== body.version) {
    location.reload();
    return false;
  }
  shownVersion = body.version;
  reached();
  $("token-form").hidden = true;
  $("board").hidden = false;
  $("forget").hidden = !token;
  showAll(body);
  return true;
}

let asking = false;

// One at a time, so that no older answer comes after a newer one.
async function poll() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let more = true;
  try {
    more = await update();
  } catch (error) {
    console.error(error);
    trouble("This page cannot show all that wssgate answers", `${error.message}: reload it`);
  }
  asking = false;
  if (more) again();
}

// Of a hidden tab the title alone is seen.
function again() {
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? HIDDEN_POLL_MS : POLL_MS);
}

$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, $("token").value.trim());
  $("token").value = "";
  poll();
});

$("forget").addEventListener("click", () => {
  sessionStorage.removeItem(TOKEN_KEY);
  location.reload();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && $("token-form").hidden) poll();
});

poll();
