// Calls the layer on wasm32-unknown-unknown, with each source of policies.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

const { Worker } = createRequire(import.meta.url)(process.env.WASM_MODULE);

const APP = "https://app.example.com";
const EVIL = "https://evil.example";

const fetch = async (worker, method, origin) => JSON.parse(await worker.fetch(method, origin));

for (const source of ["policy", "predicate", "file", "list", "handle", "path", "lookup"]) {
  test(`a policy from a ${source} decides about preflights and actual requests`, async () => {
    const worker = new Worker(source, APP);
    // Twice, so that a cache has the decision the second time.
    for (const time of [1, 2]) {
      const preflight = await fetch(worker, "OPTIONS", APP);
      assert.equal(preflight.status, 204, `time ${time}`);
      assert.equal(preflight.headers["access-control-allow-origin"], APP);
      assert.equal(preflight.headers["access-control-allow-methods"], "PUT");
      const age = Number(preflight.headers["access-control-max-age"]);
      assert.ok(source === "lookup" ? age >= 590 && age <= 600 : age === 600, `${age}`);
      const actual = await fetch(worker, "GET", APP);
      assert.equal(actual.headers["access-control-allow-origin"], APP);
      assert.equal(actual.body, "served");

      const rejected = await fetch(worker, "OPTIONS", EVIL);
      assert.equal(rejected.status, 403);
      const unreadable = await fetch(worker, "GET", EVIL);
      assert.equal(unreadable.headers["access-control-allow-origin"], undefined);
      assert.equal(unreadable.headers.vary, "Origin");
      assert.equal(unreadable.body, "served");
    }
  });
}

test("a policy that is replaced decides about the next request", async () => {
  const worker = new Worker("handle", APP);
  worker.replace(EVIL);
  assert.equal((await fetch(worker, "OPTIONS", APP)).status, 403);
  assert.equal((await fetch(worker, "OPTIONS", EVIL)).status, 204);
});

test("a decision of a lookup is cached, and concurrent requests wait for one lookup", async () => {
  const worker = new Worker("lookup", APP);
  const answers = await Promise.all([1, 2, 3].map(() => fetch(worker, "OPTIONS", APP)));
  assert.deepEqual(answers.map(({ status }) => status), [204, 204, 204]);
  assert.deepEqual([...worker.stats], [0, 1]);
  await fetch(worker, "OPTIONS", APP);
  assert.deepEqual([...worker.stats], [1, 1]);
});

test("a lookup that fails allows nothing", async () => {
  const worker = new Worker("failing lookup", APP);
  assert.equal((await fetch(worker, "OPTIONS", APP)).status, 503);
  const actual = await fetch(worker, "GET", APP);
  assert.equal(actual.headers["access-control-allow-origin"], undefined);
});

test("a policy with a mistake is an error, not a trap", () => {
  assert.throws(() => new Worker("policy", "https://App.example.com/"), /write `https:\/\/app\.example\.com`/);
});
