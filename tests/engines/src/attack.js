// Sends each request of `argument` in its way, and returns the numbers of those whose answer this page could read.
const BODY = "a monster";
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
const isBody = async (response) => (await (await response).text()) === BODY;

// An element with a `load` event. It stays until its answer has been read.
function load(element, isRead) {
  return new Promise((resolve) => {
    element.onload = () => resolve(isRead());
    element.onerror = () => resolve(false);
    document.body.append(element);
  }).finally(() => element.remove());
}
const make = (name, properties) => Object.assign(document.createElement(name), properties);

// The URLs of requests that were rejected. WebKit fires no event for an object, nor for a form that is answered with 421.
const stopped = new Set();
let isOver = false;
async function watch() {
  while (!isOver) {
    await wait(500);
    const numbers = await (await fetch("/stopped")).json();
    for (const { number, url } of argument) if (numbers.includes(number)) stopped.add(url);
  }
}

// The URL of this page's host that leads to another URL.
const redirect = (url) => `/redirect?to=${encodeURIComponent(url)}`;

function readFrame(frame) {
  try {
    return frame.contentDocument.body.textContent.includes(BODY);
  } catch {
    return false;
  }
}

function readImage(image) {
  const canvas = make("canvas", { width: 1, height: 1 });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  try {
    context.getImageData(0, 0, 1, 1);
    return true;
  } catch {
    return false;
  }
}

// Submits a form in a frame with a document of its own, so that its referrer policy is not that of the page.
async function form(method, url, referrerPolicy) {
  const inner = document.implementation.createHTMLDocument();
  const form = inner.createElement("form");
  Object.assign(form, { method, action: url });
  // The query of the action of a GET is replaced with the fields.
  for (const [name, value] of new URL(url).searchParams) {
    form.append(Object.assign(inner.createElement("input"), { name, defaultValue: value, type: "hidden" }));
  }
  const meta = Object.assign(inner.createElement("meta"), { name: "referrer", content: referrerPolicy });
  const script = inner.createElement("script");
  script.textContent = "document.forms[0].submit()";
  inner.head.append(meta);
  inner.body.append(form, script);
  const frame = make("iframe", { srcdoc: inner.documentElement.outerHTML });
  document.body.append(frame);
  const isAnswered = () => {
    try {
      const { location, document } = frame.contentWindow;
      return !location.href.startsWith("about:") && document.readyState === "complete";
    } catch {
      // It is of another origin.
      return true;
    }
  };
  while (!isAnswered() && !stopped.has(url)) await wait(50);
  const isRead = readFrame(frame);
  frame.remove();
  return isRead;
}

const ways = {
  "fetch GET": (url) => isBody(fetch(url)),
  "fetch POST": (url) => isBody(fetch(url, { method: "POST", body: "text" })),
  "fetch JSON": (url) =>
    isBody(fetch(url, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } })),
  "no-cors GET": (url) => isBody(fetch(url, { mode: "no-cors" })),
  "no-cors POST": (url) => isBody(fetch(url, { mode: "no-cors", method: "POST", body: "text" })),
  "image": (src) => {
    const image = make("img", { src });
    return load(image, () => readImage(image));
  },
  "image with crossorigin": (src) => {
    const image = make("img", { crossOrigin: "anonymous", src });
    return load(image, () => readImage(image));
  },
  "script": (src) => {
    const name = `executed${new URL(src).searchParams.get("case")}`;
    return load(make("script", { src }), () => globalThis[name] === BODY);
  },
  "style": (href) => {
    const link = make("link", { rel: "stylesheet", href });
    const name = `--case${new URL(href).searchParams.get("case")}`;
    const isRead = () => getComputedStyle(document.documentElement).getPropertyValue(name).includes(BODY);
    // WebKit may apply the style after it has loaded.
    return load(link, async () => {
      for (let turn = 0; turn < 100 && !isRead(); turn++) await wait(20);
      return isRead();
    });
  },
  "frame": (src) => {
    const frame = make("iframe", { src });
    return load(frame, () => readFrame(frame));
  },
  "object": async (data) => {
    const object = make("object", { type: "text/plain", data });
    let isRead;
    load(object, () => readFrame(object)).then((result) => { isRead = result; });
    while (isRead === undefined && !stopped.has(data)) await wait(50);
    object.remove();
    return isRead ?? false;
  },
  "form POST in a frame": (url) => form("post", url, ""),
  "form without referrer in a frame": (url) => form("post", url, "no-referrer"),
  "form GET in a frame": (url) => form("get", url, ""),
  "EventSource": (url) =>
    new Promise((resolve) => {
      const source = new EventSource(url);
      const end = (isRead) => {
        source.close();
        resolve(isRead);
      };
      source.onmessage = ({ data }) => end(data === BODY);
      source.onerror = () => end(false);
    }),
  "WebSocket": (url) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url.replace("http:", "ws:"));
      socket.onopen = () => socket.send("what is there?");
      socket.onmessage = ({ data }) => {
        socket.close();
        resolve(data === BODY);
      };
      socket.onclose = () => resolve(false);
    }),
  "redirected image": (url) => ways["image"](redirect(url)),
  "redirected POST": (url) => ways["no-cors POST"](redirect(url)),
  "POST of a sandboxed frame": (url) =>
    new Promise((resolve) => {
      const script = `
        fetch(${JSON.stringify(url)}, { mode: "no-cors", method: "POST", body: "text" })
          .then((response) => response.text()).catch(() => "")
          .then((text) => parent.postMessage([${JSON.stringify(url)}, text], "*"))`;
      const frame = make("iframe", { sandbox: "allow-scripts", srcdoc: `<script>${script}</script>` });
      addEventListener("message", ({ data }) => {
        if (data[0] !== url) return;
        frame.remove();
        resolve(data[1] === BODY);
      });
      document.body.append(frame);
    }),
  "beacon": async (url) => {
    navigator.sendBeacon(url, "text");
    return false;
  },
};

const read = [];
const silent = [];
watch();
await Promise.all(argument.map(async ({ number, way, url }) => {
  const isRead = await Promise.race([ways[way](url).catch(() => false), wait(60000)]);
  if (isRead === undefined) silent.push(`${way} ${url}`);
  if (isRead) read.push(number);
}));
isOver = true;
return { read, silent };
