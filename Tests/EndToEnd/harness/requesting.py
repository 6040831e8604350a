"""Requests that share their set-up, which takes longer than the request, and no connection."""

import httpx

client = httpx.Client(timeout=10, limits=httpx.Limits(max_keepalive_connections=0))
