#!/bin/sh
# Serves what `make` has built on 127.0.0.1:$PORT.
set -eu
exec python3 -m http.server "${PORT:?}" --bind 127.0.0.1 --directory public
