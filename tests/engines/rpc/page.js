// What a page does with the clients of gRPC-Web and Connect: asks a service for its health, and says what it learned.

import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { GrpcWebClientBase, MethodDescriptor } from "grpc-web";

const PATIENCE = 60_000;

// The client of grpc-web. The messages have one field each, so that no code is generated for them.
export function grpcWeb({ base, service }) {
  const bytes = new TextEncoder().encode(service);
  const method = new MethodDescriptor(
    "/grpc.health.v1.Health/Check",
    "unary",
    Object,
    Object,
    () => (service === "" ? new Uint8Array() : Uint8Array.of(0x0a, bytes.length, ...bytes)),
    ([, status]) => ({ status }),
  );
  const client = new GrpcWebClientBase({ format: "binary" });
  const learned = {};
  return new Promise((resolve) => {
    const metadata = { deadline: String(Date.now() + PATIENCE) };
    const call = client.rpcCall(base + method.getName(), {}, metadata, method, (error, response) => {
      if (error) resolve({ code: error.code, message: error.message });
      else learned.health = response.status;
    });
    call.on("status", ({ code, metadata }) => Object.assign(learned, { code, trailer: metadata?.["served-by"] }));
    call.on("end", () => resolve(learned));
  });
}

// The client of Connect, by either protocol.
async function check(transport, { descriptors, service }) {
  const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, Uint8Array.from(descriptors)));
  const client = createClient(files.getService("grpc.health.v1.Health"), transport);
  const learned = {};
  try {
    const { status } = await client.check({ service }, {
      timeoutMs: PATIENCE,
      onTrailer: (trailer) => { learned.trailer = trailer.get("served-by"); },
    });
    return { ...learned, code: 0, health: status };
  } catch (error) {
    return { code: error.code, message: error.rawMessage };
  }
}

export const connect = (argument) => check(createConnectTransport({ baseUrl: argument.base }), argument);

export const connectGrpcWeb = (argument) => check(createGrpcWebTransport({ baseUrl: argument.base }), argument);
