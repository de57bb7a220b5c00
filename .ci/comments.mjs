#!/usr/bin/env node
// The part of GitHub's API that keeps the comments of pull request 7: comments.mjs FILE
// Keeps them in FILE, prints its address, and serves until its input ends. The token "read" may only read.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const file = process.argv[2];
const load = () => JSON.parse(readFileSync(file, "utf8"));
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk) => (text += chunk));
  request.on("end", () => {
    const comments = load();
    const one = request.url.match(/^\/repos\/acme\/app\/issues\/comments\/(\d+)$/);
    const many = /^\/repos\/acme\/app\/issues\/7\/comments(\?per_page=100&page=(\d+))?$/.exec(request.url);
    const reply = (status, value) => {
      response.statusCode = status;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    if (request.method === "GET" && many?.[2]) {
      return reply(200, comments.slice(100 * (many[2] - 1), 100 * many[2]));
    }
    if (request.headers.authorization !== "Bearer write") return reply(403, {});
    const { body } = JSON.parse(text);
    if (request.method === "POST" && many && !many[1]) {
      comments.push({ id: comments.length + 1, body });
    } else if (request.method === "PATCH" && one) {
      comments.find((c) => c.id === Number(one[1])).body = body;
    } else {
      return reply(404, {});
    }
    writeFileSync(file, JSON.stringify(comments));
    reply(200, {});
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.resume().on("end", () => process.exit());
