"""The authority behind WeChat's ICP filing API; its names and numbers stay in this package."""
