"""What the end-to-end tests stand on: processes, raw event streams, load, proxies."""
