"""Makes an environment's Prefect server have what this checkout declares: looks, shows what differs, then acts."""
