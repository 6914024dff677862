"""Programs with something wrong about a gradient, each with a twin that has it right."""
