"""The tests mirror the package, module by module; ``tests.acceptance`` starts real processes."""
