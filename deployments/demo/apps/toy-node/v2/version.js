"use strict";

module.exports = "v2";
