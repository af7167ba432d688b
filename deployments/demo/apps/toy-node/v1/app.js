// A handful of pages and a health check, over nothing but Node's own http module.
"use strict";

const http = require("node:http");
const version = require("./version.js");

const PAGES = new Map([
  ["/", "<!doctype html><title>Toy</title><h1>Toy shop</h1>"],
  ["/about", "<!doctype html><title>About</title><h1>About the toy shop</h1>"],
]);

function answer(path) {
  if (path === "/health") return [200, "application/json", JSON.stringify({ status: "ok", version })];
  const page = PAGES.get(path);
  return page ? [200, "text/html; charset=utf-8", page] : [404, "text/plain", "not here\n"];
}

function createServer() {
  return http.createServer((request, response) => {
    const [status, type, body] = answer(new URL(request.url, "http://localhost").pathname);
    response.writeHead(status, { "Content-Type": type, "X-App-Version": version });
    response.end(body);
  });
}

module.exports = { answer, createServer };
