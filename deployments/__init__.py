"""Where it runs: environments, the command line, Prefect wiring, the demo and the benchmarks."""
