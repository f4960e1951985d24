"""The Imgwire custom domain API over HTTP."""
