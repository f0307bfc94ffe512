"""What `rrca.train` is made of: batches, averaged weights, states to go on from, several devices."""
