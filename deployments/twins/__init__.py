"""Twins: small stateful servers that stand where a vendor would, for tests, benches and the vendors' own tools.

A twin keeps the vendor's state, answers in the vendor's shapes (its documents are the judge), and has moods.
"""
