"""The comparison with peers: what it needs, the servers, the scenarios, and the table."""
