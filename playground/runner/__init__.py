"""Runs programs in one-shot processes: the web process talks to a supervisor, which has a zygote fork the children."""
