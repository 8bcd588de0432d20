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
  failed: "✗ Nothing came of it",
};

/** Says in a few words who did what. */
function verdict({ from = "page", kind }, { verdict, exchanges, isHole }) {
  if (isHole) return kind === "websocket" ? "! A page that nobody allowed opened it" : "! A page that nobody allowed got it";
  if (verdict === "readable" && from === "curl") return "✓ curl got it";
  if (verdict === "readable" && kind === "websocket") return "✓ The page opened it";
  if (verdict === "blocked" && exchanges.length && exchanges.every(({ is_preflight: isPreflight }) => isPreflight))
    return "✗ The browser did not send it";
  return VERDICTS[verdict];
}

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

/** How long an answer may take, in milliseconds. */
const PATIENCE = 10000;

function inTime(answer) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ verdict: "failed", text: `no answer within ${PATIENCE / 1000} s` }), PATIENCE);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** Sends a step's request. What goes wrong is an outcome as well: no earlier one stays in its place. */
async function attempt(step, run) {
  try {
    return await tryAttempt(step, run);
  } catch (error) {
    const text = `the playground does not answer (${error}); start it again and reload this page`;
    return { got: { verdict: "failed", text }, exchanges: [] };
  }
}

async function tryAttempt(step, run) {
  const { from = "page", api = "ours", path } = step;
  if (!path.startsWith("/")) return { got: { verdict: "failed", text: `a path begins with /: write /${path}` }, exchanges: [] };
  if (step.policy !== undefined) {
    const wrong = await apply(step.policy);
    if (wrong.length) return { got: { verdict: "rejected", text: wrong.map(({ line, text: what }) => `line ${line}: ${what}`).join("; ") }, exchanges: [] };
  }
  await sync();
  if (step.signedIn && !signedIn) {
    await fetch(`${places.ours}/login`, { mode: "no-cors", credentials: "include" });
    signedIn = true;
  }
  const asked = request(step, run);
  const after = last;
  const got =
    from === "curl" ? { verdict: "readable", ...(await post("/curl", { api, path: `${path}?run=${run}` })) }
    : from === "page" ? await inTime(send(asked))
    : await inTime(sendFrom(from, asked));
  const exchanges = await (await fetch(`/exchanges?run=${run}&after=${after}`)).json();
  last = Math.max(last, ...exchanges.map(({ number: each }) => each));
  if (step.kind === "form") got.verdict = exchanges.some(({ reached }) => reached) ? "sent" : "stopped";
  const isSimulated = from !== "curl" && step.kind !== "websocket";
  const simulated = isSimulated && (await post("/simulate", {
    api, path, engine, origin: FROM[from][0], signed_in: signedIn, form: step.kind === "form", credentials: Boolean(step.credentials),
    method: step.method ?? "GET", headers: Object.entries(step.headers ?? {}), body: step.body ?? "",
  }));
  const latest = exchanges.at(-1);
  if (got.verdict === "blocked" && latest && !latest.is_preflight && !latest.reached && latest.status === 403) got.verdict = "stopped";
  // fetch() and WebSocket() throw at arguments that they do not take.
  const isOfNetwork = /Failed to fetch|NetworkError when|Load failed/.test(got.text) && step.kind !== "websocket";
  const isInvalid = ["invalid-request", "not-http"].includes(simulated?.reason) || (/^\w*Error:/.test(got.text) && !isOfNetwork);
  if (got.verdict === "blocked" && !latest && isInvalid) got.verdict = "failed";
  return { got, exchanges, simulated, isReplaced: await sync() };
}

/** What to change in the policy so that the page gets its answer, or why not; nothing where that would not do. */
function mend(step, { got, exchanges }) {
  const [origin] = FROM[step.from ?? "page"];
  const latest = exchanges.at(-1);
  if (!["blocked", "stopped"].includes(got.verdict) || !latest || (step.api ?? "ours") === "broken") return undefined;
  const allowed = latest.answered.find(({ name }) => name === "access-control-allow-origin")?.value;
  switch (latest.code) {
    case "origin-not-allowed": return { key: "origins", item: origin };
    case "null-origin-not-allowed":
      return { why: "Do not allow null: every site can make a page with this origin. Give the page an origin of its own." };
    case "file-origin-not-allowed":
      return { why: "Do not allow file://: every file on the user's disk has this origin. Serve the page from a server." };
    case "method-not-allowed":
      return /^patch$/i.test(step.method) && step.method !== "PATCH"
        ? { why: "Methods are case-sensitive, and browsers correct only the oldest ones: let the page send PATCH." }
        : { key: "methods", item: step.method };
    case "header-not-allowed": {
      const listed = latest.answered.find(({ name }) => name === "access-control-allow-headers")?.value ?? "";
      const names = latest.asked.find(([name]) => name === "access-control-request-headers")?.[1] ?? "";
      const item = names.split(",").map((name) => name.trim()).find((name) => !listed.split(",").some((each) => each.trim() === name));
      return { key: "headers", item };
    }
    default:
      if (!step.credentials || step.kind) return undefined;
      return allowed === "*" ? { key: "origins", item: origin } : { key: "credentials", value: "true" };
  }
}

/** Offers the change, if the builder accepts it. */
async function offer(step, outcome) {
  const change = mend(step, outcome);
  if (change?.why) return element("p", "mend", change.why);
  if (!change?.item && !change?.value) return undefined;
  const next = changed(running, change);
  const line = next.split("\n").find((each) => each.trimStart().startsWith(change.key));
  const wrong = await check(next);
  if (wrong.length) return element("p", "mend", `No line of the policy helps. ${change.key} would be rejected: ${wrong[0].text}`);
  const isOwn = (step.from ?? "page") === "page";
  const todo = element("p", "mend", isOwn ? "If the page should get it, write " : "Only if that page is yours, write ");
  const button = element("button", "", "Change the policy");
  button.type = "button";
  button.addEventListener("click", async () => {
    keepOwn();
    await apply(next);
    const again = element("button", "", "Send it again");
    again.type = "button";
    again.addEventListener("click", async () => {
      const shown = todo.closest(".result");
      again.disabled = true;
      const outcome = await attempt({ ...step, policy: undefined }, composed);
      remember(step, outcome.exchanges);
      const fresh = await result({ ...step, policy: undefined, say: undefined, expected: undefined }, outcome);
      shown.replaceWith(fresh);
      show(fresh);
    });
    todo.replaceChildren("✓ The policy that runs now has ", element("code", "", line), " ", again);
    again.focus({ preventScroll: true });
  });
  todo.append(element("code", "", line), " ", button);
  return todo;
}

/** Brings a result into sight. */
function show(shown) {
  const { top, bottom } = shown.getBoundingClientRect();
  if (top < 0 || Math.min(bottom, top + 200) > innerHeight) shown.scrollIntoView({ block: "start" });
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

/** What the engine prints in its console. */
function consoleCard(printed) {
  const lines = printed.length ? printed.map((line) => element("p", "printed", line)) : [element("p", "", "It prints nothing.")];
  return verdictCard(`The console of ${ENGINES[engine][0]}`, lines);
}

/** Shows what came of a step. */
async function result(step, outcome) {
  const { got, exchanges, simulated, isReplaced } = outcome;
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
  const sides = element("div", "sides", "");
  const judged = element("div", "judged", "");
  judged.append(element("p", "verdict", `${verdict(step, { verdict: got.verdict, exchanges, isHole })}: ${body}`));
  if (isReplaced) judged.append(element("p", "mend", "Another tab replaced the policy meanwhile, so this can be the verdict of either policy."));
  if (step.say) judged.append(element("p", "say", step.say));
  const offered = await offer(step, outcome);
  if (offered) judged.append(offered);
  if (got.verdict !== "rejected") {
    const cards = element("div", "cards", "");
    const headers = got.headers?.map(([name, value]) => `${name}: ${value}`).join("\n");
    cards.append(verdictCard(`The browser (${ENGINES[engine][0]})`, [element("p", "", body), ...(headers ? [element("p", "meaning", "Headers that the page can read:"), element("pre", "", headers)] : [])]));
    const isWithheld = ["blocked", "stopped", "failed"].includes(got.verdict);
    if (isWithheld && simulated?.console && !simulated.readable && step.kind !== "form") cards.append(consoleCard(simulated.console));
    const sentences = exchanges.filter(({ explanation }) => explanation).map(({ is_preflight: isPreflight, explanation }) => element("p", "", `${isPreflight ? "Preflight: " : ""}${explanation}.`));
    if (sentences.length) cards.append(verdictCard("The layer", sentences));
    if (simulated?.text) {
      const [first, ...rest] = simulated.text.split("\n\n")[0].split("\n");
      const content = [element("p", "", first), element("pre", "", rest.join("\n"))].filter((each) => each.textContent);
      const agrees = simulated.readable === (got.verdict === "readable") || step.kind === "form";
      const why = got.verdict === "failed" ? "It takes what fetch() rejects, so it cannot agree here."
        : "It has no HTTP cache, so it cannot agree here: it asks the API.";
      if (!agrees && exchanges.length === 0) content.push(element("p", "", why));
      cards.append(verdictCard("testing::Browser, in cargo test", content));
      shown.dataset.simulated = simulated.readable ? "readable" : "blocked";
    }
    judged.append(cards);
    sides.append(judged, wire(step, exchanges, got));
  } else sides.append(judged);
  shown.append(sides);
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

async function runScenario(scenario, article, isAsked = true) {
  const button = article.querySelector("button");
  const results = article.querySelector(".results");
  button.disabled = true;
  article.open = true;
  article.dataset.state = "running";
  results.replaceChildren();
  try {
    const run = crypto.randomUUID();
    await sync();
    if (text.value !== start || running !== start) {
      keepOwn();
      await apply(start);
    }
    for (const step of scenario.steps) {
      const outcome = await attempt(step, run);
      remember(step, outcome.exchanges);
      results.append(await result(step, outcome));
    }
    if (isAsked) show(results.firstElementChild);
  } catch (error) {
    results.append(element("p", "verdict", `The playground does not answer (${error}): start it again and reload this page.`));
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
  results.replaceChildren();
  try {
    const outcome = await attempt(step, composed);
    remember(step, outcome.exchanges);
    results.replaceChildren(await result(step, outcome));
    show(results);
  } finally {
    button.disabled = false;
  }
});

// From a pasted message to its cause.
const paste = document.getElementById("message");
let pasted = 0;
paste.addEventListener("input", async () => {
  const diagnosis = document.getElementById("diagnosis");
  const number = ++pasted;
  if (!paste.value.trim()) return diagnosis.replaceChildren();
  let known;
  try {
    known = await (await fetch("/diagnose", { method: "POST", body: paste.value })).json();
  } catch {
    known = { summary: "The playground does not answer.", fix: "Start it again and reload this page.", engines: [], cause: "" };
  }
  if (number !== pasted) return;
  diagnosis.dataset.cause = known?.cause ?? "";
  if (!known) {
    const unknown = "No message of Chromium, Firefox or WebKit about CORS was found in this. Paste the whole line of the console, in English.";
    return diagnosis.replaceChildren(element("p", "", unknown));
  }
  const of = known.engines.length ? `Of ${known.engines.join(" or ")}. ` : "";
  const cause = known.cause ? `More: docs/troubleshooting.md#${known.cause}` : "";
  diagnosis.replaceChildren(
    element("p", "verdict", known.summary), element("p", "mend", known.fix), element("p", "meaning", `${of}${cause}`),
  );
});

await sync();
const [[first, firstArticle]] = articles;
firstArticle.open = true;
// A policy that another tab applied stays.
if (running === start) await runScenario(first, firstArticle, false);
document.documentElement.dataset.ready = "true";
