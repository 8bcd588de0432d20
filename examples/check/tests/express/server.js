// A server as the guides of Express and of cors show it. The configuration comes as JavaScript on standard input, and the address
// is printed.

import cors from "cors";
import express from "express";
import { text } from "node:stream/consumers";

const configure = new Function("app", "cors", await text(process.stdin));
const app = express();
configure(app, cors);
const server = app.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
