"""Vendors over HTTP: one client for all of them, which knows what may be repeated and what a lost answer means.

A vendor's file declares its calls as data (`Call`) and sends them through an `Api`; nothing else speaks HTTP to it.
"""

from __future__ import annotations

from infra.http.answer import Answer
from infra.http.api import Api, Service
from infra.http.call import Call
from infra.http.errors import Limited, Refused
from infra.http.patience import Patience

__all__ = ["Answer", "Api", "Call", "Limited", "Patience", "Refused", "Service"]
