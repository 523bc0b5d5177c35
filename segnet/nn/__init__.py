"""Networks and their parts: pooling with codes, the SegNet family, models on disk."""
