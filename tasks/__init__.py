"""One file for each stage or gate: the act and, beside it, the way back."""
