"""What is out there: one folder or file for each outside system. Knows nothing of Prefect or of releases."""
