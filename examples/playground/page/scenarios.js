// What people do not know about CORS, to be run. A step may bring its policy; `say` is what to look at once it has run.

const bearer = { Authorization: "Bearer of-a-token" };
const json = { "Content-Type": "application/json" };
const put = { method: "PUT", path: "/monsters/1", headers: bearer };
const secret = { path: "/me", credentials: true, signedIn: true };
const both = start.replace(`"${places.page}"`, `"${places.page}", "${places.other}"`);
const any = `origins = "*"\n`;

const scenarios = [
  {
    id: "simple", title: "A simple request is sent at once",
    learn: "A GET without headers of its own could come from an <img> as well, so the browser just sends it. The response says whether the page may read it.",
    steps: [
      { path: "/monsters", expected: "readable", say: "One request. access-control-allow-origin names this page, so the page gets the response." },
    ],
  },
  {
    id: "preflight", title: "What no form can send is asked for first",
    learn: "JSON, other methods and other headers were impossible before CORS, so old servers do not expect them. The browser asks with an OPTIONS request of its own: a preflight.",
    steps: [
      { method: "POST", path: "/monsters", headers: json, body: '{"name": "Grendel"}', expected: "readable",
        say: "The preflight asks for the header content-type. Your service never sees it: the layer answers." },
      { ...put, expected: "readable", say: "Method and header are both asked for. The preflight itself carries neither the token nor cookies, so authentication must not stand before the layer." },
    ],
  },
  {
    id: "not-allowed", title: "A method or header that the policy does not list",
    learn: "The preflight's answer lists what is allowed. The browser compares, and does not send what is not there.",
    steps: [
      { ...put, method: "PATCH", expected: "blocked", say: "PATCH is not in access-control-allow-methods. Let the button below add it, and send again." },
      { path: "/monsters", headers: { "X-Debug": "1" }, expected: "blocked", say: "Even a GET is preflighted once the page adds a header of its own." },
    ],
  },
  {
    id: "exposed", title: "Not every response header can be read",
    learn: "A page reads a few harmless response headers by itself, and those that the policy exposes.",
    steps: [
      { path: "/monsters", expected: "readable", say: "Over the wire there are x-request-id and x-internal-id. The page sees the first alone, for the policy exposes it." },
    ],
  },
  {
    id: "stranger", title: "A rejected page is kept from reading, not from sending",
    learn: "CORS guards the response. A request that needs no preflight runs, whoever sends it.",
    steps: [
      { from: "other", path: "/monsters", expected: "blocked", say: "The service ran and answered 200. Only the page did not get it: there is no access-control-allow-origin." },
      { ...put, from: "other", expected: "blocked", say: "What needs a preflight is not sent. The rejection says nothing of what would have been allowed." },
      { from: "null", path: "/monsters", expected: "blocked", say: "A sandboxed frame has the origin null, and so has a page from a file. Any site can make one, so null is nobody you know." },
    ],
  },
  {
    id: "curl", title: "curl is not stopped by CORS",
    learn: "CORS is a promise of browsers to their users. Who writes his own client has promised nothing: CORS is no authentication.",
    steps: [
      { from: "curl", path: "/monsters", expected: "readable", say: "No Origin, no browser, no CORS: not a header of it in the answer." },
      { from: "other", path: "/monsters", expected: "blocked", say: "The same request of a page that the policy does not allow." },
    ],
  },
  {
    id: "wildcard-and-cookies", title: "Why * and cookies exclude each other",
    learn: "A * says that the response is for everybody. One that was made for the user of a cookie is not, so browsers reject the two together.",
    steps: [
      { policy: `${any}credentials = true\n`, ...secret, expected: "rejected", say: "The builder does not even let you write it down. The policy from before still runs." },
      { policy: any, ...secret, expected: "blocked", say: "With * alone, a request with cookies is sent, and its response withheld." },
      { path: "/monsters", expected: "readable", say: "Without cookies everybody may read it, and caches may share it." },
    ],
  },
  {
    id: "reflection", title: "Why reflecting every origin is a hole",
    learn: "The advice found most often: answer with whatever Origin came, and allow credentials. It silences the error, and hands every user's data to every page that he visits.",
    steps: [
      { ...secret, from: "other", api: "broken", expected: "readable", say: "A page that nobody allowed has just read Ada's secret. It only had to be open in her browser." },
      { ...secret, from: "other", expected: "blocked", say: "The same page, the same cookie, behind the policy: the secret stays where it is." },
    ],
  },
  {
    id: "max-age", title: "How long a preflight's answer is remembered",
    learn: "access-control-max-age says for how many seconds the browser need not ask again. What you revoke can be used for that long.",
    steps: [
      { ...put, expected: "readable", say: "A preflight, then the request. See the countdown beside the policy." },
      { ...put, expected: "readable", remembered: true, say: "The same request again: no preflight, for the browser remembers." },
    ],
  },
  {
    id: "vary", title: "Why caches need Vary: Origin",
    learn: "An answer that names one page's origin is wrong for the other's. Unless it says vary: origin, a cache hands it to both.",
    steps: [
      { policy: both, path: "/news", api: "broken", expected: "readable", say: "A careless API: it names this page, allows caching, and does not say that the answer varies." },
      { path: "/news", api: "broken", from: "other", cached: true, expected: "blocked", say: "The API would allow this page too, but was not asked: the browser's cache had the answer to the first page." },
      { path: "/news", expected: "readable", say: "The layer says vary: origin." },
      { path: "/news", from: "other", expected: "readable", say: "So the cache asks again for the other page, and both can read the news." },
    ],
  },
  {
    id: "forms", title: "A form is not stopped by CORS",
    learn: "Forms were there first: any page may submit one to any site, cookies included, without a preflight. That is CSRF. Enforcement::Block stops what a rejected page sends, too.",
    steps: [
      { from: "other", kind: "form", method: "POST", path: "/transfer", body: "coins=100", signedIn: true, expected: "sent", say: "The service ran with Ada's cookie, and 100 coins are gone. That the page cannot see the answer is no comfort." },
      { from: "other", kind: "form", method: "POST", path: "/transfer", body: "coins=100", signedIn: true, api: "guarded", expected: "stopped", say: "With CorsLayer::new(policy).enforce(Enforcement::Block) the layer answers 403, and the service does not run." },
    ],
  },
  {
    id: "websocket", title: "A WebSocket is not stopped by CORS",
    learn: "Browsers ask no permission for WebSockets: they send the cookies and the Origin, and leave it to the server to look.",
    steps: [
      { from: "other", kind: "websocket", path: "/socket", signedIn: true, expected: "readable", say: "A page that the policy does not allow has opened a WebSocket as Ada." },
      { from: "other", kind: "websocket", path: "/socket", signedIn: true, api: "guarded", expected: "stopped", say: "Enforcement::Block looks at the Origin of the upgrade, and rejects it." },
    ],
  },
];
