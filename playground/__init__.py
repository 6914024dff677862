"""What stands between a browser and the engine: protocol, sandboxed workers, sessions, sockets."""
