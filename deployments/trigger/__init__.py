"""From an event at the code host to a flow run, followed to its end: what GitHub's workflows and git hooks call."""
