"""Shared sessions: the tables, what is done with them, and moving them from one database to another."""
