"""What the browser meets: HTTP views, the socket and the store of sessions."""
