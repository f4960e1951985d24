"""The manifest language: from text to the desired state, or to every problem. The entry point is `loader.load`."""
