"""The guard of the local platform: starts again what died, calls for the recovery of what a dead release left."""
