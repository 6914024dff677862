"""What stands between a browser and the engine: protocol, sandboxed workers, sessions, sockets."""

__version__ = "0.1.0"
