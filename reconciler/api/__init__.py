"""The Imgwire custom domain API over HTTP: the only place that knows httpx."""
