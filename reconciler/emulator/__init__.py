"""A local Imgwire API for trials and tests. It is not Imgwire and implements only what Imgwire has published."""
