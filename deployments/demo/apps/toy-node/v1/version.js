"use strict";

module.exports = "v1";
