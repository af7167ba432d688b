"use strict";

const assert = require("node:assert");
const test = require("node:test");
const { answer } = require("./app.js");
const version = require("./version.js");

test("the health check names the version", () => {
  const [status, , body] = answer("/health");
  assert.deepStrictEqual([status, JSON.parse(body)], [200, { status: "ok", version }]);
});

test("a page that does not exist is 404", () => {
  assert.strictEqual(answer("/nothing")[0], 404);
});
