"""Reports as pages: one HTML file each, without network, readable without scripts."""
