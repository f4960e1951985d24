"""Talks to DNS, and to nothing else. The only place that knows dnspython and octoDNS."""
