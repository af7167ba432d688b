"""One file for each thing an operator asks for: which stages run, in which order."""
