// What a program that is no browser learns with the same clients. It prints what happened as JSON.

import * as v2 from "@modelcontextprotocol/client";
import { Client as ClientOfV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportOfV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, origin] = process.argv.slice(2);
const INFO = { name: "program", version: "1.0.0" };
const options = { requestInit: { headers: origin ? { Origin: origin } : {} } };

async function outcome(client, transport) {
  try {
    await client.connect(transport);
    const { tools } = await client.listTools();
    return `${tools.length} tools`;
  } catch (error) {
    return `${error}`;
  } finally {
    await client.close();
  }
}

const learned = { sdk: await outcome(new ClientOfV1(INFO), new TransportOfV1(new URL(url), options)) };
for (const mode of ["legacy", "auto", "2026-07-28"]) {
  const versionNegotiation = { mode: mode.startsWith("2") ? { pin: mode } : mode };
  const client = new v2.Client(INFO, { versionNegotiation });
  learned[mode] = await outcome(client, new v2.StreamableHTTPClientTransport(new URL(url), options));
}
console.log(JSON.stringify(learned));
