"""A local stand-in for the Imgwire API, for trials and tests. It is not Imgwire and holds itself to the public facts only."""
