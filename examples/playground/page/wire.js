// What went over the wire, as a sequence of messages between four parties.

const PARTIES = ["Page", "Browser", "CORS layer", "Service"];
const [PAGE, BROWSER, LAYER, SERVICE] = PARTIES.keys();

/** What a header decides. */
const MEANING = {
  "origin": "says which page asks; no page can forge it",
  "cookie": "sent by the browser: with credentials, with forms, with WebSockets",
  "authorization": "needs permission of its own: * does not stand for it",
  "content-type": "JSON needs permission, what forms send does not",
  "referer": "where the page is; not always sent",
  "access-control-request-method": "may the page send this method?",
  "access-control-request-headers": "may the page set these headers?",
  "access-control-allow-origin": "who may read the response",
  "access-control-allow-credentials": "also if the request had cookies",
  "access-control-allow-methods": "the methods that the page may send",
  "access-control-allow-headers": "the headers that the page may set",
  "access-control-expose-headers": "the response headers that the page may read",
  "access-control-max-age": "for how many seconds this need not be asked again",
  "vary": "tells caches what the answer depends on",
  "cache-control": "lets caches keep it",
  "set-cookie": "for the browser; no page can read it",
  "sec-fetch-site": "how far the page is from the API",
  "sec-fetch-mode": "what the request is for",
  "sec-fetch-dest": "where the response goes",
};

function element(name, className, content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = content;
  return made;
}

function headerRow({ name, value, by, meaning = MEANING[name] }) {
  const row = element("li", "", "");
  row.dataset.by = by;
  row.append(element("code", "", `${name}: ${value}`), " ", element("span", "by", by));
  // What a response is of decides nothing.
  const decides = name !== "content-type" || by === "page";
  if (decides && meaning) row.append(" ", element("span", "meaning", meaning));
  return row;
}

/** One message; `end` is "withheld" where the receiver never gets it. */
function message(from, to, title, { headers = [], note, end } = {}) {
  const item = element("li", "message", "");
  const arrow = element("div", "arrow", "");
  arrow.style.gridColumn = `${Math.min(from, to) + 1} / ${Math.max(from, to) + 2}`;
  arrow.dataset.direction = from < to ? "right" : "left";
  arrow.dataset.length = Math.abs(from - to);
  arrow.setAttribute("aria-hidden", "true");
  const lanes = element("div", "lanes", "");
  lanes.append(arrow);
  const head = element("p", "title", "");
  head.append(element("span", "parties", `${PARTIES[from]} → ${PARTIES[to]}`), " ", element("code", "", title));
  item.append(head, lanes);
  if (end) item.dataset.end = end;
  if (headers.length) {
    const list = element("ul", "headers", "");
    list.append(...headers.map(headerRow));
    item.append(list);
  }
  if (note) item.append(element("p", "note", note));
  return item;
}

function asked(step, { asked }) {
  const set = Object.keys(step.headers ?? {}).map((name) => name.toLowerCase());
  const by = (name) => (step.from === "curl" ? "curl" : set.includes(name) ? "page" : "browser");
  return asked.map(([name, value]) => ({ name, value, by: by(name) }));
}

function answered({ answered }, readable) {
  const isHidden = (name) => readable && !readable.some(([each]) => each === name);
  return answered.map(({ name, value, by_service: byService }) => ({
    name, value, by: byService ? "service" : "layer", meaning: byService && isHidden(name) ? "not exposed: the page cannot read it" : undefined,
  }));
}

function exchangeMessages(step, exchange, got) {
  const { method, path, status, is_preflight: isPreflight, reached } = exchange;
  const to = reached ? SERVICE : LAYER;
  const from = step.from === "curl" ? PAGE : BROWSER;
  const messages = [
    message(from, to, `${method} ${path}${isPreflight ? " (preflight)" : ""}`, { headers: asked(step, exchange) }),
    message(to, from, String(status), {
      headers: answered(exchange, isPreflight ? undefined : got.headers),
      note: reached || isPreflight ? undefined : "The layer answered; the service did not run.",
    }),
  ];
  Object.assign(messages[0].dataset, { kind: isPreflight ? "preflight" : "actual", code: exchange.code ?? "", reached });
  return messages;
}

/** Whether a request of a page is one that the browser asks permission for. */
function needsPermission({ kind, from, method = "GET", headers = {} }) {
  if (kind || from === "curl") return false;
  return !["GET", "HEAD", "POST"].includes(method) || Object.keys(headers).length > 0;
}

/** The messages of a step. */
function wire(step, exchanges, got) {
  const list = element("ol", "wire", "");
  const parties = element("li", "parties-row", "");
  parties.setAttribute("aria-hidden", "true");
  const names = step.from === "curl" ? ["curl", "", ...PARTIES.slice(2)] : PARTIES;
  parties.append(...names.map((name) => element("span", "", name)));
  list.append(parties);
  if (step.from !== "curl") list.append(message(PAGE, BROWSER, { form: "a form", websocket: "new WebSocket()" }[step.kind] ?? "fetch()"));
  const note = (sentence) => list.append(element("li", "aside", sentence));
  const isSent = exchanges.some((exchange) => !exchange.is_preflight);
  if (isSent && needsPermission(step) && !exchanges.some((exchange) => exchange.is_preflight))
    note("No preflight: the browser remembers the answer to an earlier one.");
  for (const exchange of exchanges) list.append(...exchangeMessages(step, exchange, got));
  if (exchanges.length === 0) note(got.verdict === "failed" ? "Nothing went over the wire." : "Nothing went over the wire: the browser answered from its own cache.");
  else if (!isSent) note("The request itself was not sent.");
  if (step.from !== "curl") {
    const withheld = ["blocked", "failed"].includes(got.verdict) || (got.verdict === "stopped" && !got.status);
    list.append(message(BROWSER, PAGE, withheld ? got.text : got.status ? `status ${got.status}` : got.text, { end: withheld ? "withheld" : undefined }));
  }
  return list;
}
