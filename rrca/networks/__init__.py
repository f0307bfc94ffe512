"""The networks, one file each; `rrca.build` makes them by name."""
