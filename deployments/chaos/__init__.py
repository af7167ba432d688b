"""The chaos suite: kills any part of the local platform at any moment of a release, and judges how it ended."""
