"""CamVid: its splits, its download with checksums."""
