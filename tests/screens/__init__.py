"""Pictures of every page of every role: `make screens`, and the walks of tests/browser that read the same pages."""
