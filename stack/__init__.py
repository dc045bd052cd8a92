"""Running the whole stack on one machine: the processes of the Procfile, started and ended together."""
