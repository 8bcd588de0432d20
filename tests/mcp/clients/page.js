// What a page does with the clients of the Model Context Protocol, and what it learns.

import * as v2 from "@modelcontextprotocol/client";
import { Client as ClientOfV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportOfV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

const INFO = { name: "page", version: "1.0.0" };
const TOKEN = "a-token";

// The result of `what`, or an error that a client reports while it works. A client that is not closed keeps connections,
// of which an engine has six for a host.
async function during(client, what) {
  try {
    return await new Promise((resolve, reject) => {
      client.onerror = reject;
      what().then(resolve, reject);
    });
  } finally {
    client.onerror = undefined;
    await client.close();
  }
}

const text = (result) => result.content[0].text;

// Lists the tools, calls one, and reads a stream: the tool `count` ends when its first progress was read.
async function useTools(client, options) {
  const { tools } = await client.listTools();
  const queried = await client.callTool({ name: "query", arguments: { text: "monsters" } });
  const progress = [];
  let released;
  const counted = await client.callTool({ name: "count", arguments: {} }, ...options({
    onprogress({ progress: number }) {
      progress.push(number);
      released ??= client.callTool({ name: "release", arguments: {} });
    },
  }));
  await released;
  return { tools: tools.map((tool) => tool.name), queried: text(queried), counted: text(counted), progress };
}

// A session of a revision before 2026-07-28: its id, the stream of GET, resuming a stream, and DELETE.
async function useSession(client, transport, changed, options) {
  const learned = await useTools(client, options);
  let event;
  await client.callTool({ name: "query", arguments: { text: "events" } }, ...options({
    onresumptiontoken(token) { event = token; },
  }));
  await transport.resumeStream(event);
  await client.callTool({ name: "change", arguments: {} });
  await changed;
  const session = transport.sessionId !== undefined;
  await transport.terminateSession();
  return { ...learned, session, changed: true };
}

// The client of `@modelcontextprotocol/sdk`, which speaks the revisions before 2026-07-28.
export async function sdk({ url }) {
  const client = new ClientOfV1(INFO);
  const transport = new TransportOfV1(new URL(url));
  const changed = new Promise((resolve) => {
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve());
  });
  return during(client, async () => {
    await client.connect(transport);
    const learned = await useSession(client, transport, changed, (options) => [undefined, options]);
    return { revision: transport.protocolVersion, ...learned };
  });
}

// The client of `@modelcontextprotocol/client` with the mode `legacy`, `auto`, or a revision.
export async function client({ url, mode }) {
  let told;
  const changed = new Promise((resolve) => { told = resolve; });
  const listChanged = { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => told() } };
  const versionNegotiation = { mode: mode.startsWith("2") ? { pin: mode } : mode };
  const client = new v2.Client(INFO, { listChanged, versionNegotiation });
  const transport = new v2.StreamableHTTPClientTransport(new URL(url));
  return during(client, async () => {
    await client.connect(transport);
    const revision = client.getNegotiatedProtocolVersion();
    const options = (options) => [options];
    if (client.getProtocolEra() === "legacy") {
      return { revision, ...await useSession(client, transport, changed, options) };
    }
    const learned = await useTools(client, options);
    await client.callTool({ name: "change", arguments: {} });
    await changed;
    return { revision, ...learned, session: transport.sessionId !== undefined, changed: true };
  });
}

// Calls a tool with a parameter that has a header. Clients in a page send these headers only if they are told to.
export async function parameter({ url, headers }) {
  const client = new v2.Client(INFO, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  return during(client, async () => {
    await client.connect(new v2.StreamableHTTPClientTransport(new URL(url)));
    await client.listTools();
    return text(await client.callTool({ name: "deploy", arguments: { region: "eu", replicas: 3 } }, { headers }));
  });
}

// The same in a worker of the page, where the client sends the headers by itself.
export function parameterInWorker({ bundle, ...argument }) {
  const source = `${bundle}
    mcp.parameter(${JSON.stringify(argument)}).then(
      (value) => postMessage({ value }),
      (error) => postMessage({ error: String(error) }),
    );`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  return new Promise((resolve, reject) => {
    const worker = new Worker(url);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data: { value, error } }) => {
      if (error) reject(new Error(error));
      else resolve(value);
      worker.terminate();
    };
  });
}

// Is rejected with 401 first, reads where the authorization server is, and comes back with a token.
export async function authorization({ url }) {
  const learned = {};
  let token;
  const authProvider = {
    token: async () => token,
    async onUnauthorized({ response }) {
      const { resourceMetadataUrl } = v2.extractWWWAuthenticateParams(response);
      learned.metadata = resourceMetadataUrl?.href ?? null;
      token = TOKEN;
    },
  };
  const client = new v2.Client(INFO, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  return during(client, async () => {
    await client.connect(new v2.StreamableHTTPClientTransport(new URL(url), { authProvider }));
    learned.queried = text(await client.callTool({ name: "query", arguments: { text: "monsters" } }));
    return learned;
  });
}

// What one of these returns, or what its user reads if it fails.
export async function outcome({ use, ...argument }) {
  try {
    return { value: await mcp[use](argument) };
  } catch (error) {
    return { error: `${error}` };
  }
}
