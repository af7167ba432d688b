// Serves on 127.0.0.1:$PORT; SIGTERM lets requests in flight end first.
"use strict";

const { createServer } = require("./app.js");

const server = createServer();
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
