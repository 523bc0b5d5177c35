"""The page as a folder of static files: the network runs in the visitor's browser."""
