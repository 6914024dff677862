"""Watches training that asks for nothing: finds the steps, measures them, shows what the model says, holds it."""
