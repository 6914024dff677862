"""What runs in the disposable child: the program, the recording of it, and the answers about the recording."""
