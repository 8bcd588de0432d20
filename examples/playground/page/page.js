// Runs requests and shows what came of them.

// The policy names one origin of this page, and browsers do not take its address by another name for the same.
if (location.origin !== places.page) location.replace(places.page);

const engine = /Firefox\//.test(navigator.userAgent) ? "firefox" : /Chrome\//.test(navigator.userAgent) ? "chromium" : "webkit";
const ENGINES = { chromium: ["Chromium", 7200], firefox: ["Firefox", 86400], webkit: ["WebKit", 600] };
const FROM = {
  page: [places.page, "this page"],
  other: [places.other, "a page of another port"],
  far: [places.far, "a page of another site"],
  null: ["null", "a sandboxed frame"],
  curl: ["curl", "no page, but curl"],
};
const APIS = { ours: "behind your policy", guarded: "behind your policy, which also blocks", broken: "behind a careless CORS" };
const VERDICTS = {
  readable: "✓ The page got it",
  blocked: "✗ The browser withheld it",
  rejected: "✗ The builder rejected the policy",
  sent: "! The service did it",
  stopped: "✓ The layer stopped it",
};
const HOLE = "! A page that nobody allowed got it";

const frames = new Map();
let signedIn = false;
let last = 0;

/** The frame of an origin, made when it is first needed. */
function frameOf(from) {
  if (frames.has(from)) return frames.get(from);
  const frame = Object.assign(document.createElement("iframe"), { hidden: true, title: FROM[from][1] });
  if (from === "null") frame.sandbox = "allow-scripts allow-forms";
  frame.src = `${from === "null" ? places.page : FROM[from][0]}/frame`;
  const ready = new Promise((resolve) => frame.addEventListener("load", () => resolve(frame), { once: true }));
  document.body.append(frame);
  frames.set(from, ready);
  return ready;
}

/** Has a frame send the request. */
async function sendFrom(from, request) {
  const { contentWindow } = await frameOf(from);
  const id = crypto.randomUUID();
  const answer = new Promise((resolve) => {
    addEventListener("message", function listen({ data, source }) {
      if (source !== contentWindow || data.id !== id) return;
      removeEventListener("message", listen);
      resolve(data.got);
    });
  });
  // An opaque origin cannot be named.
  contentWindow.postMessage({ id, request }, from === "null" ? "*" : FROM[from][0]);
  return answer;
}

async function post(path, value) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
  return response.ok ? response.json() : { status: response.status, text: await response.text() };
}

function request(step, run) {
  const { method = "GET", headers = {}, body, credentials, api = "ours", path, kind = "fetch" } = step;
  const options = {};
  if (method !== "GET") options.method = method;
  if (Object.keys(headers).length) options.headers = headers;
  if (body) options.body = body;
  if (credentials) options.credentials = "include";
  return { kind, url: `${places[api]}${path}${run ? `?run=${run}` : ""}`, options };
}

function code(step) {
  const { kind, url, options } = request(step);
  if (step.from === "curl") return `curl ${url}`;
  if (kind === "websocket") return `new WebSocket("${url.replace("http", "ws")}")`;
  if (kind === "form") return `<form method="post" action="${url}">`;
  const shown = Object.keys(options).length ? `, ${JSON.stringify(options)}` : "";
  return `fetch("${url}"${shown})`;
}

/** Sends a step's request. */
async function attempt(step, run) {
  const { from = "page", api = "ours", path } = step;
  if (step.policy !== undefined) {
    const wrong = await apply(step.policy);
    if (wrong.length) return { got: { verdict: "rejected", text: wrong.map(({ line, text: what }) => `line ${line}: ${what}`).join("; ") }, exchanges: [] };
  }
  if (step.signedIn && !signedIn) {
    await fetch(`${places.ours}/login`, { mode: "no-cors", credentials: "include" });
    signedIn = true;
  }
  const asked = request(step, run);
  const after = last;
  const got =
    from === "curl" ? { verdict: "readable", ...(await post("/curl", { api, path: `${path}?run=${run}` })) }
    : from === "page" ? await send(asked)
    : await sendFrom(from, asked);
  const exchanges = await (await fetch(`/exchanges?run=${run}&after=${after}`)).json();
  last = Math.max(last, ...exchanges.map(({ number: each }) => each));
  if (step.kind === "form") got.verdict = exchanges.some(({ reached }) => reached) ? "sent" : "stopped";
  const isSimulated = from !== "curl" && step.kind !== "websocket";
  const simulated = isSimulated && (await post("/simulate", {
    api, path, engine, origin: FROM[from][0], signed_in: signedIn, form: step.kind === "form", credentials: Boolean(step.credentials),
    method: step.method ?? "GET", headers: Object.entries(step.headers ?? {}), body: step.body ?? "",
  }));
  return { got, exchanges, simulated };
}

/** What to change in the policy so that the page gets its answer; nothing where that would not do, or should not. */
function mend(step, { got, exchanges }) {
  const [origin] = FROM[step.from ?? "page"];
  const latest = exchanges.at(-1);
  if (got.verdict !== "blocked" || !latest || (step.api ?? "ours") === "broken") return undefined;
  const allowed = latest.answered.find(({ name }) => name === "access-control-allow-origin")?.value;
  switch (latest.code) {
    case "origin-not-allowed": return { key: "origins", item: origin };
    case "null-origin-not-allowed": return { key: "null_origin", value: "true" };
    case "file-origin-not-allowed": return { key: "file_origin", value: "true" };
    case "method-not-allowed": return { key: "methods", item: step.method };
    case "header-not-allowed": {
      const listed = latest.answered.find(({ name }) => name === "access-control-allow-headers")?.value ?? "";
      const names = latest.asked.find(([name]) => name === "access-control-request-headers")?.[1] ?? "";
      const item = names.split(",").map((name) => name.trim()).find((name) => !listed.split(",").some((each) => each.trim() === name));
      return { key: "headers", item };
    }
    default:
      if (!step.credentials) return undefined;
      return allowed === "*" ? { key: "origins", item: origin } : { key: "credentials", value: "true" };
  }
}

/** Permissions that the browser remembers, and until when. */
const remembered = new Map();

function remember(step, exchanges) {
  for (const { is_preflight: isPreflight, answered: answer, asked: request, code: decision, path } of exchanges) {
    const value = (name) => answer.find((header) => header.name === name)?.value;
    if (!isPreflight || !value("access-control-allow-origin") || (decision && decision !== "allowed")) continue;
    const [name, limit] = ENGINES[engine];
    const said = value("access-control-max-age");
    const seconds = Math.min(Number(said ?? 5), limit);
    if (!(seconds > 0)) continue;
    const asked = (header) => request.find(([each]) => each === header)?.[1];
    const headers = asked("access-control-request-headers");
    const what = `${asked("access-control-request-method")} ${path}${headers ? ` with ${headers}` : ""}, asked by ${asked("origin")}`;
    const why = said === undefined ? "no Max-Age: 5 s" : `Max-Age ${said} s; ${name} keeps at most ${limit} s`;
    remembered.set(what, { until: Date.now() + seconds * 1000, why });
  }
  countDown();
}

function countDown() {
  const items = [...remembered].map(([what, { until, why }]) => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const item = element("li", seconds ? "" : "over", "");
    const left = seconds ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left` : "forgotten: the browser asks again";
    item.append(element("code", "", what), " ", element("strong", "", left), " ", element("span", "meaning", `(${why})`));
    return item;
  });
  document.getElementById("remembered").replaceChildren(...items);
  document.getElementById("nothing-remembered").hidden = items.length > 0;
}
setInterval(() => { if (remembered.size) countDown(); }, 1000);

function verdictCard(title, content) {
  const card = element("div", "card", "");
  card.append(element("h4", "", title), ...content);
  return card;
}

/** Shows what came of a step. */
function result(step, outcome) {
  const { got, exchanges, simulated } = outcome;
  const shown = element("section", "result", "");
  shown.dataset.verdict = got.verdict;
  if (step.expected) shown.dataset.expected = step.expected;
  const [origin, who] = FROM[step.from ?? "page"];
  const where = step.from === "curl" ? who : `${who} (${origin})`;
  shown.append(element("p", "call", ""));
  shown.lastChild.append(element("code", "", code(step)), ` from ${where}, ${APIS[step.api ?? "ours"]}`);
  const body = got.verdict === "readable" && got.status ? `status ${got.status}: ${got.text}` : got.text;
  const isHole = got.verdict === "readable" && exchanges.length > 0 && !["page", "curl"].includes(step.from ?? "page") && exchanges.at(-1).code !== "allowed";
  if (isHole) shown.dataset.hole = "true";
  shown.append(element("p", "verdict", `${isHole ? HOLE : VERDICTS[got.verdict]}: ${body}`));
  if (step.say) shown.append(element("p", "say", step.say));
  const change = mend(step, outcome);
  if (change?.item || change?.value) {
    const next = changed(running, change);
    const line = next.split("\n").find((each) => each.trimStart().startsWith(change.key));
    const todo = element("p", "mend", "If the page should get it, write ");
    const button = element("button", "", "Change the policy");
    button.type = "button";
    button.addEventListener("click", () => { keepOwn(); apply(next); });
    todo.append(element("code", "", line), " ", button);
    shown.append(todo);
  }
  if (got.verdict !== "rejected") {
    const cards = element("div", "cards", "");
    const headers = got.headers?.map(([name, value]) => `${name}: ${value}`).join("\n");
    cards.append(verdictCard(`The browser (${ENGINES[engine][0]})`, [element("p", "", body), ...(headers ? [element("p", "meaning", "Headers that the page can read:"), element("pre", "", headers)] : [])]));
    const sentences = exchanges.filter(({ explanation }) => explanation).map(({ is_preflight: isPreflight, explanation }) => element("p", "", `${isPreflight ? "Preflight: " : ""}${explanation}.`));
    if (sentences.length) cards.append(verdictCard("The layer", sentences));
    if (simulated) {
      const [first, ...rest] = (simulated.text ?? "").split("\n\n")[0].split("\n");
      cards.append(verdictCard("testing::Browser, in cargo test", [element("p", "", first), element("pre", "", rest.join("\n"))].filter((each) => each.textContent)));
      shown.dataset.simulated = simulated.readable ? "readable" : "blocked";
    }
    shown.append(cards, wire(step, exchanges, got));
  }
  const again = element("button", "plain", "Change and send again");
  again.type = "button";
  again.addEventListener("click", () => compose(step));
  if (got.verdict !== "rejected") shown.append(again);
  return shown;
}

/** Before a scenario puts another policy into the editor. */
function keepOwn() {
  if (text.value === start || text.value === own || !mine.hidden) return;
  own = text.value;
  mine.hidden = false;
}

async function runScenario(scenario, article) {
  const button = article.querySelector("button");
  const results = article.querySelector(".results");
  button.disabled = true;
  article.open = true;
  article.dataset.state = "running";
  results.replaceChildren();
  try {
    const run = crypto.randomUUID();
    if (text.value !== start) {
      keepOwn();
      await apply(start);
    }
    for (const step of scenario.steps) {
      const outcome = await attempt(step, run);
      remember(step, outcome.exchanges);
      results.append(result(step, outcome));
    }
  } finally {
    button.disabled = false;
    article.dataset.state = "done";
  }
}

const articles = new Map();
for (const scenario of scenarios) {
  const article = document.getElementById("scenario").content.cloneNode(true).querySelector("details");
  article.dataset.scenario = scenario.id;
  article.querySelector("h3").textContent = scenario.title;
  article.querySelector(".learn").textContent = scenario.learn;
  const button = article.querySelector("button");
  button.setAttribute("aria-label", `Run: ${scenario.title}`);
  button.addEventListener("click", () => runScenario(scenario, article));
  articles.set(scenario, article);
  document.getElementById("scenarios").append(article);
}
document.getElementById("all").addEventListener("click", async () => {
  for (const [scenario, article] of articles) await runScenario(scenario, article);
});

const composer = document.getElementById("composer");
// One name for all, so that what was allowed once is remembered.
const composed = crypto.randomUUID();

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, label]) => Object.assign(document.createElement("option"), { value, textContent: label })));
}
options(composer.elements.from, Object.entries(FROM).map(([key, [origin, who]]) => [key, key === "curl" ? who : `${origin}, ${who}`]));
options(composer.elements.api, Object.entries(APIS).map(([key, what]) => [key, `${places[key]}, ${what}`]));

/** Puts a step into the form. */
function compose(step) {
  const set = (name, value) => { composer.elements[name].value = value; };
  set("from", step.from ?? "page");
  set("api", step.api ?? "ours");
  set("kind", step.kind ?? "fetch");
  set("method", step.method ?? "GET");
  set("path", step.path);
  set("headers", Object.entries(step.headers ?? {}).map(([name, value]) => `${name}: ${value}`).join("\n"));
  set("body", step.body ?? "");
  composer.elements.credentials.checked = Boolean(step.credentials);
  composer.elements.signedIn.checked = Boolean(step.signedIn);
  composer.scrollIntoView({ block: "start" });
  composer.elements.method.focus();
}

composer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(composer);
  const field = (name) => String(data.get(name) ?? "").trim();
  const lines = field("headers").split("\n").map((line) => line.split(/:(.*)/s).map((part) => part.trim()));
  const step = {
    from: field("from"), api: field("api"), path: field("path"), kind: field("kind") === "fetch" ? undefined : field("kind"),
    method: field("kind") === "form" ? "POST" : field("method"), body: field("body"),
    headers: Object.fromEntries(lines.filter(([name]) => name).map(([name, value]) => [name, value ?? ""])),
    credentials: data.has("credentials"), signedIn: data.has("signedIn"),
  };
  const button = composer.querySelector("button");
  const results = document.getElementById("composed");
  button.disabled = true;
  try {
    const outcome = await attempt(step, composed);
    remember(step, outcome.exchanges);
    results.replaceChildren(result(step, outcome));
  } finally {
    button.disabled = false;
  }
});

await apply(start);
document.documentElement.dataset.ready = "true";
