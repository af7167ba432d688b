"""Pictures of what people see in the Prefect UI, taken by a real browser for the docs."""
